# mypyc: compiled
"""Which charges were made a moment ago."""

from typing import TypeAlias

from adapter.policy.effects import ADMITTED, QuotaState, QuotaWindow
from adapter.quota.memory.windows import Window
from adapter.runtime.clock import MonotonicTime

_Charged: TypeAlias = Window | list[tuple[tuple[QuotaWindow, ...], QuotaState]]
"""The one window that a Check charged, when nobody wanted to know what it found; or all charges,
and what each found."""


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
        self._young: dict[str, _Charged] = {}
        self._old: dict[str, _Charged] = {}
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
        return next((state for charged, state in _listed(made) if charged == windows), None)

    def add(self, check_id: str, windows: tuple[QuotaWindow, ...], state: QuotaState) -> None:
        """Remember a charge of a Check; one without an id is not remembered."""
        if check_id:
            made = self._young.get(check_id) or self._old.get(check_id)
            self._young[check_id] = [*(_listed(made) if made else ()), (windows, state)]

    def add_unseen(self, check_id: str, window: Window) -> None:
        """The same for a charge of one window that found it open, and nothing else of interest."""
        if check_id and check_id not in self._young and check_id not in self._old:
            self._young[check_id] = window
        else:
            self.add(check_id, (window.name,), ADMITTED)

    def _turn(self, now: MonotonicTime) -> None:
        aged = now - self._turned_at > 2 * self._max_age_s
        self._old = {} if aged else self._young
        self._young = {}
        self._turned_at = now


def _listed(made: _Charged) -> list[tuple[tuple[QuotaWindow, ...], QuotaState]]:
    return made if isinstance(made, list) else [((made.name,), ADMITTED)]
