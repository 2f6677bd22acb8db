# mypyc: compiled
"""Counts of decisions, kept as plain numbers because they are taken on the Check path."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from adapter.authorization.decision_record import ANSWERED
from adapter.policy.decision import Allowed, Answered, Decision, Denied

DURATION_BOUNDS_S: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.05)
"""Upper bounds of the duration buckets; one more bucket holds the rest."""

ALLOWED: Final = "allowed"
_AT_ONCE: Final = 1_000


class DecisionCounts:
    """How many Checks ended how, by API and outcome, and how long they took.

    Bounded: API ids come from snapshots only, outcomes from `DenyReason`.
    """

    def __init__(self) -> None:
        self._allowed: Counter[str] = Counter()
        self._uncounted: list[str] = []
        """APIs of requests that were allowed. Counted together, since the counters of very many
        APIs are not in the processor's caches when a Check comes by."""
        self._others: dict[tuple[str, ...], int] = {}
        self._buckets = [0] * (len(DURATION_BOUNDS_S) + 1)
        self._total_s = 0.0

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """Count one decision, which took that many seconds."""
        api = decision.api
        api_id = api.api_id if api is not None else ""
        if isinstance(decision, Allowed):
            self._uncounted.append(api_id)
            if len(self._uncounted) == _AT_ONCE:
                self._count()
        else:
            key = (api_id, _outcome(decision))
            self._others[key] = self._others.get(key, 0) + 1
        bucket = 0
        for bound_s in DURATION_BOUNDS_S:  # most end at one of the first
            if elapsed_s <= bound_s:
                break
            bucket += 1
        self._buckets[bucket] += 1
        self._total_s += elapsed_s

    def _count(self) -> None:
        self._allowed.update(self._uncounted)
        self._uncounted.clear()

    @property
    def counts(self) -> Mapping[tuple[str, ...], int]:
        """Decisions by (API id, outcome); the outcome is `allowed`, `answered` or a deny reason."""
        self._count()
        allowed = {(api_id, ALLOWED): count for api_id, count in self._allowed.items()}
        return allowed | self._others

    @property
    def durations(self) -> tuple[tuple[int, ...], float]:
        """Checks in each duration bucket, and the sum of all durations in seconds."""
        return tuple(self._buckets), self._total_s


def _outcome(decision: Denied | Answered) -> str:
    return decision.deny.reason.value if isinstance(decision, Denied) else ANSWERED
