"""Fixed-window arithmetic, pure.

A window begins with the first request that it counts and lasts for the limit's period; the next
request after that begins another. So at most `maximum_requests` are admitted in any one window,
and at most twice as many in any stretch of one period (the vendor's algorithm, fixed windows).
"""

from collections.abc import Iterable, Mapping
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
    running: Mapping[WindowKey, Window], windows: Iterable[QuotaWindow], now: MonotonicTime
) -> tuple[QuotaState, dict[WindowKey, Window]]:
    """Charge one request to every window if all have room, else to none.

    A window that is not running, or has ended, is one that this request begins. Returns what was
    found, and the windows with the request counted: to be kept if it is admitted, and only then.
    One loop over plain locals, because every limited request comes through here.
    """
    admitted = True
    left: list[int] = []
    reset_ms: list[int] = []
    charged: dict[WindowKey, Window] = {}
    for key, limit in windows:
        maximum, period_ms = limit.maximum_requests, limit.period_ms
        name = (key, maximum, period_ms)
        window = running.get(name)
        if window is None or now >= window.ends_at:
            ends_at, used = MonotonicTime(now + period_ms / 1000), 0
        else:
            ends_at, used = window
        if used >= maximum:
            admitted = False
        left.append(maximum - used)
        reset_ms.append(ceil((ends_at - now) * 1000 - _ROUNDING_MS))
        charged[name] = Window(ends_at, used + 1)
    remaining = tuple([n - 1 for n in left] if admitted else left)
    return QuotaState(admitted, remaining, tuple(reset_ms)), charged
