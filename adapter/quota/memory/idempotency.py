# mypyc: compiled
"""Charges a Check only once, even if Envoy retries it."""

from typing import Final, TypeAlias

from adapter.policy.effects.quota import ADMITTED, QuotaState, QuotaWindow
from adapter.quota.memory.windows import FixedWindow
from adapter.runtime.clock import MonotonicTime

REMEMBERED_S: Final = 10.0
"""How long a charge is remembered at least: longer than Envoy retries a Check."""
REMEMBERED_CHECKS: Final = 8_192
"""Most Checks in each of the two generations of `RecentCharges`."""

_Charged: TypeAlias = FixedWindow | list[tuple[tuple[QuotaWindow, ...], QuotaState]]
"""The only window that a Check charged, if its figures were not asked for. Otherwise all charges
of the Check, each with its result."""


class RecentCharges:
    """Remembers admitted charges by the id of their Check.

    There are two generations, each of at most `max_checks` Checks. When the young one is full or
    `max_age_s` old, it replaces the old one, which is dropped as a whole. That costs almost
    nothing. A charge is remembered for at least `max_age_s`, unless more than `max_checks` Checks
    come in that time.
    """

    def __init__(self, max_checks: int, max_age_s: float) -> None:
        self._max_checks = max_checks
        self._max_age_s = max_age_s
        self._young: dict[str, _Charged] = {}
        self._old: dict[str, _Charged] = {}
        self._rotated_at = MonotonicTime(0)

    def find(
        self, check_id: str, windows: tuple[QuotaWindow, ...], now: MonotonicTime
    ) -> QuotaState | None:
        """The result of that charge the first time; None if it is not remembered."""
        if now - self._rotated_at > self._max_age_s or len(self._young) >= self._max_checks:
            self._rotate(now)
        made = self._young.get(check_id) or self._old.get(check_id)
        if made is None:  # as a rule
            return None
        return next((state for charged, state in _listed(made) if charged == windows), None)

    def add(self, check_id: str, windows: tuple[QuotaWindow, ...], state: QuotaState) -> None:
        """Remember a charge, if its Check has an id."""
        if check_id:
            made = self._young.get(check_id) or self._old.get(check_id)
            self._young[check_id] = [*(_listed(made) if made else ()), (windows, state)]

    def add_unseen(self, check_id: str, window: FixedWindow) -> None:
        """The same, but cheaper, for a charge of one window whose figures were not asked for."""
        if check_id and check_id not in self._young and check_id not in self._old:
            self._young[check_id] = window
        else:
            self.add(check_id, (window.name,), ADMITTED)

    def _rotate(self, now: MonotonicTime) -> None:
        aged = now - self._rotated_at > 2 * self._max_age_s
        self._old = {} if aged else self._young
        self._young = {}
        self._rotated_at = now


def _listed(made: _Charged) -> list[tuple[tuple[QuotaWindow, ...], QuotaState]]:
    return made if isinstance(made, list) else [((made.name,), ADMITTED)]
