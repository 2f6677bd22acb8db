"""Fixed-window arithmetic, pure.

A window begins with the first request that it counts and lasts for the limit's period; the next
request after that begins another. So at most `maximum_requests` are admitted in any one window,
and at most twice as many in any stretch of one period (the vendor's algorithm, fixed windows).
"""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Final, NamedTuple, TypeAlias

from adapter.clock import MonotonicTime
from adapter.policy.decision import QuotaState, QuotaWindow

_ROUNDING_MS: Final = 0.001
"""What floating point may add to a difference of two times."""

WindowKey: TypeAlias = tuple[tuple[str, ...], int, int]
"""Names a window: its key, its limit's maximum and period; cheaper to hash than a QuotaWindow."""


class Window(NamedTuple):
    """Requests counted so far, and when counting starts anew."""

    ends_at: MonotonicTime
    used: int


def charge_windows(
    running: Mapping[WindowKey, Window], windows: Sequence[QuotaWindow], now: MonotonicTime
) -> tuple[QuotaState, dict[WindowKey, Window]]:
    """Charge one request to every window if all have room, else to none.

    A window that is not running, or has ended, is one that this request begins. Returns what was
    found, and the windows with the request counted: to be kept if it is admitted, and only then.
    Every limited request comes through here, and most have one limit: that one is written out.
    """
    if len(windows) == 1:
        name, ends_at, used = _current(running, windows[0], now)
        left, reset_ms = (name[1] - used,), (_milliseconds(ends_at - now),)
        if left[0] <= 0:
            return QuotaState(False, left, reset_ms), {}
        return QuotaState(True, (left[0] - 1,), reset_ms), {name: Window(ends_at, used + 1)}
    found = [_current(running, window, now) for window in windows]
    admitted = all(used < name[1] for name, _, used in found)
    remaining = tuple([name[1] - used - admitted for name, _, used in found])
    reset = tuple([_milliseconds(ends_at - now) for _, ends_at, _ in found])
    charged = {name: Window(ends_at, used + 1) for name, ends_at, used in found}
    return QuotaState(admitted, remaining, reset), charged


def _current(
    running: Mapping[WindowKey, Window], window: QuotaWindow, now: MonotonicTime
) -> tuple[WindowKey, MonotonicTime, int]:
    """The window's name, when it ends and how much of it is used, before this request."""
    key, (maximum, period_ms) = window
    name = (key, maximum, period_ms)
    counted = running.get(name)
    if counted is None or now >= counted[0]:
        return name, MonotonicTime(now + period_ms / 1000), 0
    return name, *counted


def _milliseconds(seconds: float) -> int:
    return ceil(seconds * 1000 - _ROUNDING_MS)
