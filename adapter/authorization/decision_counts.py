# mypyc: compiled
"""Counts decisions. It uses plain numbers, because it is called in every Check."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from adapter.authorization.decision_record import ANSWERED
from adapter.authorization.observer import DecisionObserver
from adapter.policy.decision import Allowed, Answered, Decision, Denied

DURATION_BOUNDS_S: Final = (0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.005, 0.05)
"""Upper bounds of the duration buckets in seconds. One more bucket holds longer durations."""

ALLOWED: Final = "allowed"
_AT_ONCE: Final = 1_000
_MOST_OTHERS: Final = 20_000
"""Numbers of decisions other than `allowed` that are held."""


class DecisionCounts(DecisionObserver):
    """Numbers of decisions by API and outcome, and how long they took.

    It is bounded. API ids come from snapshots, and outcomes are `allowed`, `answered` or a
    `DenyReason`. Before there is a snapshot, API ids come from Envoy's routes; if there are too
    many, the others are counted without their API.
    """

    def __init__(self) -> None:
        self._allowed: Counter[str] = Counter()
        self._uncounted: list[str] = []
        """APIs of allowed requests that are not in `_allowed` yet. They are added many at a time,
        because with many APIs their counters are not in the processor's caches during a Check."""
        self._others: dict[tuple[str, ...], int] = {}
        self._buckets = [0] * (len(DURATION_BOUNDS_S) + 1)
        self._total_s = 0.0

    def decided(self, decision: Decision, elapsed_s: float) -> None:
        """Count one decision and how long it took."""
        api = decision.api
        api_id = api.api_id if api is not None else ""
        if isinstance(decision, Allowed):
            self._uncounted.append(api_id)
            if len(self._uncounted) == _AT_ONCE:
                self._count()
        else:
            key = (api_id, _outcome(decision))
            if len(self._others) >= _MOST_OTHERS and key not in self._others:
                key = ("", key[1])
            self._others[key] = self._others.get(key, 0) + 1
        bucket = 0
        for bound_s in DURATION_BOUNDS_S:  # most durations are in one of the first buckets
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
        """Decisions by API id and outcome: `allowed`, `answered` or a deny reason."""
        self._count()
        allowed = {(api_id, ALLOWED): count for api_id, count in self._allowed.items()}
        return allowed | self._others

    @property
    def durations(self) -> tuple[tuple[int, ...], float]:
        """Decisions in each duration bucket, and the sum of all durations in seconds."""
        return tuple(self._buckets), self._total_s


def _outcome(decision: Denied | Answered) -> str:
    return decision.deny.reason.value if isinstance(decision, Denied) else ANSWERED
