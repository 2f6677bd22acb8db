"""Fixed windows.

A window begins with the first request that it counts and lasts for the limit's period; the next
request after that begins another. So at most `maximum_requests` are admitted in any one window,
and at most twice as many in any stretch of one period (the vendor's algorithm, fixed windows).
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final

from mypy_extensions import mypyc_attr

from adapter.clock import MonotonicTime
from adapter.policy.decision import QuotaState, QuotaWindow

_ROUNDING_MS: Final = 0.001
"""What floating point may add to a difference of two times."""


@mypyc_attr(acyclic=True)
class Window:
    """Requests counted so far, and when counting starts anew."""

    __slots__ = ("ends_at", "is_latest", "name", "used")

    def __init__(self, name: QuotaWindow, ends_at: MonotonicTime, used: int) -> None:
        self.name = name
        """One object for all that remember it: what each request leaves behind crowds the
        processor's caches."""
        self.ends_at = ends_at
        self.used = used
        self.is_latest = True
        """Whether no later window of that name has begun."""


def end_of(name: QuotaWindow, now: MonotonicTime) -> MonotonicTime:
    """When a window that begins now ends."""
    return MonotonicTime(now + name[1] / 1000)


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
