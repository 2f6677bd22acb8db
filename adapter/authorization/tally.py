"""Counts of decisions, kept as plain numbers because they are taken on the Check path."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final

from adapter.authorization.record import ANSWERED
from adapter.policy.decision import Answered, Decision, Denied

DURATION_BOUNDS_S: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.05)
"""Upper bounds of the duration buckets; one more bucket holds the rest."""

ALLOWED: Final = "allowed"


class DecisionTally:
    """How many Checks ended how, by API and outcome, and how long they took.

    Bounded: API ids come from snapshots only, outcomes from `DenyReason`.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, ...], int] = {}
        self._buckets = [0] * (len(DURATION_BOUNDS_S) + 1)
        self._total_s = 0.0

    def add(self, decision: Decision, duration_s: float) -> None:
        """Count one decision."""
        api_id = decision.api.api_id if decision.api is not None else ""
        key = (api_id, _outcome(decision))
        self._counts[key] = self._counts.get(key, 0) + 1
        self._buckets[bisect_left(DURATION_BOUNDS_S, duration_s)] += 1
        self._total_s += duration_s

    @property
    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Decisions by (API id, outcome); the outcome is `allowed`, `answered` or a deny reason."""
        return dict(self._counts)

    @property
    def durations(self) -> tuple[tuple[int, ...], float]:
        """Checks in each duration bucket, and the sum of all durations in seconds."""
        return tuple(self._buckets), self._total_s


def _outcome(decision: Decision) -> str:
    if isinstance(decision, Denied):
        return decision.deny.reason.value
    return ANSWERED if isinstance(decision, Answered) else ALLOWED
