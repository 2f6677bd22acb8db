"""Which charges were made a moment ago."""

from typing import TypeAlias

from adapter.clock import MonotonicTime
from adapter.policy.decision import QuotaState, QuotaWindow

Charged: TypeAlias = tuple[tuple[tuple[QuotaWindow, ...], QuotaState], ...]
"""The charges of one Check, and what each found."""


class RecentCharges:
    """Remembers admitted charges by Check id, so that a Check that Envoy retries is charged once.

    Two generations of at most `max_checks` each: when the younger is full or `max_age_s` old, it
    becomes the older one, and what was the older is forgotten. So remembering and forgetting cost
    next to nothing, and a charge is remembered for at least `max_age_s`, unless more than
    `max_checks` come in that time.
    """

    def __init__(self, max_checks: int, max_age_s: float) -> None:
        self._max_checks = max_checks
        self._max_age_s = max_age_s
        self._young: dict[str, Charged] = {}
        self._old: dict[str, Charged] = {}
        self._turned_at = MonotonicTime(0)

    def find(
        self, check_id: str, windows: tuple[QuotaWindow, ...], now: MonotonicTime
    ) -> QuotaState | None:
        """What that charge found the first time; None if it was not made, or too long ago."""
        if now - self._turned_at > self._max_age_s or len(self._young) >= self._max_checks:
            self._turn(now)
        made = self._young.get(check_id) or self._old.get(check_id)
        if made is None:  # as a rule
            return None
        return next((state for charged, state in made if charged == windows), None)

    def add(self, check_id: str, charged: Charged) -> None:
        """Remember charges of a Check; one without an id is not remembered."""
        if check_id:
            made = self._young.get(check_id) or self._old.get(check_id)
            self._young[check_id] = made + charged if made else charged

    def _turn(self, now: MonotonicTime) -> None:
        aged = now - self._turned_at > 2 * self._max_age_s
        self._old = {} if aged else self._young
        self._young = {}
        self._turned_at = now
