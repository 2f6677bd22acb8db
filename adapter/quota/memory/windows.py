# mypyc: compiled
"""Fixed windows.

A window begins with the first request that it counts and lasts for the limit's period; the next
request after that begins another. So at most `maximum_requests` are admitted in any one window,
and at most twice as many in any stretch of one period (the vendor's algorithm, fixed windows).
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from mypy_extensions import i64, mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.effects import QuotaState, QuotaWindow
from adapter.runtime.clock import MonotonicTime

LONGEST_PERIOD_MS: Final = 2**43
"""Almost 279 years: a longer period is taken for this one, so that files, servers and floating
point can hold when it ends."""

_ROUNDING_MS: Final = 0.001
"""What floating point may add to a difference of two times."""


@mypyc_attr(acyclic=True)
class Window:
    """Requests counted so far, and when counting starts anew."""

    __slots__ = ("contract", "ends_at", "is_latest", "name", "number", "used")

    def __init__(self, name: QuotaWindow, ends_at: MonotonicTime, used: int) -> None:
        self.ends_at = ends_at
        self.used = used
        self.number: i64 = 0
        """What the contract that leads here tells it by from windows of other names."""
        self.name = name
        self.is_latest = True
        """Whether no later window of that name has begun."""
        self.contract: Contract | None = None
        """The one that leads here; it is let go when the window is forgotten, since the two hold
        each other."""

    def lead_from(self, contract: Contract, number: i64) -> None:
        """Have the next charge under that contract come here without a look-up."""
        self.number = number
        self.contract = contract
        contract.counter = self

    def let_go(self) -> None:
        """Nobody comes here any more."""
        contract = self.contract
        if contract is not None:
            self.contract = None
            if contract.counter is self:
                contract.counter = None


def policy_of(name: tuple[object, ...]) -> tuple[object, ...]:
    """The API and the policy whose requests a window counts, without the key."""
    return name[2:4]


def without_key(name: QuotaWindow) -> QuotaWindow:
    """A shorter name, of the same limit and the same policy."""
    return (name[0], name[1], *name[2:][:2])


def end_of(name: QuotaWindow, now: MonotonicTime) -> MonotonicTime:
    """When a window that begins now ends."""
    return MonotonicTime(now + min(name[1], LONGEST_PERIOD_MS) / 1000)


def current_windows(
    running: Mapping[QuotaWindow, Window], windows: Sequence[QuotaWindow], now: MonotonicTime
) -> dict[QuotaWindow, Window]:
    """The windows as they are now: one that is not running, or has ended, is a new one."""
    current: dict[QuotaWindow, Window] = {}
    for name in windows:
        window = running.get(name)
        if window is None or now >= window.ends_at:
            window = Window(name, end_of(name, now), 0)
        current[name] = window
    return current


def found_state(
    current: Mapping[QuotaWindow, Window],
    windows: Sequence[QuotaWindow],
    now: MonotonicTime,
    *,
    admitted: bool,
) -> QuotaState:
    """What is left, of an admitted request after it was counted."""
    remaining = tuple([name[0] - current[name].used for name in windows])
    reset_ms = tuple([_milliseconds(current[name].ends_at - now) for name in windows])
    return QuotaState(admitted, remaining, reset_ms)


def _milliseconds(seconds: float) -> int:
    return ceil(seconds * 1000 - _ROUNDING_MS)
