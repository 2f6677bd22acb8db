# mypyc: compiled
"""Fixed windows, for rate limits.

A window begins with the first request that it counts and lasts for the limit's period. The next
request after that begins another window. So at most `maximum_requests` are admitted in one window,
and at most twice as many in any stretch of one period (the vendor's algorithm).
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from mypy_extensions import i64, mypyc_attr

from adapter.policy.contracts.contract import Contract
from adapter.policy.effects.quota import QuotaState, QuotaWindow
from adapter.runtime.clock import MonotonicTime

LONGEST_PERIOD_MS: Final = 2**43
"""Almost 279 years. A longer period is cut to this one, because files, servers and floating point
cannot represent the end of a longer one."""

_ROUNDING_MS: Final = 0.001
"""The error that floating point may add to a difference of two times."""


@mypyc_attr(acyclic=True)
class FixedWindow:
    """A counter of requests, and when it ends."""

    __slots__ = ("contract", "ends_at", "is_latest", "name", "number", "used")

    def __init__(self, name: QuotaWindow, ends_at: MonotonicTime, used: int) -> None:
        self.ends_at = ends_at
        self.used = used
        self.number: i64 = 0
        """A hash of the name, by which a charge checks that this is the window it needs."""
        self.name = name
        self.is_latest = True
        """False once a later window of the same name has begun."""
        self.contract: Contract | None = None
        """The contract whose `counter` is this window. The two refer to each other, so `let_go`
        ends the reference when the window is dropped."""

    def lead_from(self, contract: Contract, number: i64) -> None:
        """Let the next charge under the contract find this window without a look-up."""
        self.number = number
        self.contract = contract
        contract.counter = self

    def let_go(self) -> None:
        """End the references between the window and its contract."""
        contract = self.contract
        if contract is not None:
            self.contract = None
            if contract.counter is self:
                contract.counter = None


def policy_of(name: tuple[object, ...]) -> tuple[object, ...]:
    """The API and the policy of a window, without its key."""
    return name[2:4]


def without_key(name: QuotaWindow) -> QuotaWindow:
    """The name without the key: limit, API and policy."""
    return (name[0], name[1], *name[2:][:2])


def end_of(name: QuotaWindow, now: MonotonicTime) -> MonotonicTime:
    """The end of a window that begins now."""
    return MonotonicTime(now + min(name[1], LONGEST_PERIOD_MS) / 1000)


def current_windows(
    running: Mapping[QuotaWindow, FixedWindow], windows: Sequence[QuotaWindow], now: MonotonicTime
) -> dict[QuotaWindow, FixedWindow]:
    """The running windows of those names, and new ones for names without a running window."""
    current: dict[QuotaWindow, FixedWindow] = {}
    for name in windows:
        window = running.get(name)
        if window is None or now >= window.ends_at:
            window = FixedWindow(name, end_of(name, now), 0)
        current[name] = window
    return current


def found_state(
    current: Mapping[QuotaWindow, FixedWindow],
    windows: Sequence[QuotaWindow],
    now: MonotonicTime,
    *,
    admitted: bool,
) -> QuotaState:
    """What is left in the windows. An admitted request must be counted before."""
    remaining = tuple([name[0] - current[name].used for name in windows])
    reset_ms = tuple([_milliseconds(current[name].ends_at - now) for name in windows])
    return QuotaState(admitted, remaining, reset_ms)


def _milliseconds(seconds: float) -> int:
    return ceil(seconds * 1000 - _ROUNDING_MS)
