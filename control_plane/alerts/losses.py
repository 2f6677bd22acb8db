"""Counts the events that adapters lost within a period.

Adapters report how many events they have lost since their start. So each judgement compares these
numbers with those of the one before. What is remembered is JSON, and bounded: one number for each
adapter, and one for each minute of the period. Pure functions.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from control_plane.clock import epoch_ms

Memory = dict[str, Any]

_MINUTE_MS = 60_000


class Lost(NamedTuple):
    """The events that one process of an adapter has lost since its start."""

    adapter_id: int
    started_at: datetime
    events: int


def remembered(before: Memory, found: Iterable[Lost], period: timedelta, now: datetime) -> Memory:
    """What to remember after this report.

    The first time only notes the numbers: what was lost earlier is not news.
    """
    known = before.get("counts")
    counts = {str(each.adapter_id): [epoch_ms(each.started_at), each.events] for each in found}
    new = 0 if known is None else sum(_new(known.get(id_), count) for id_, count in counts.items())
    at = epoch_ms(now)
    minutes = dict(before.get("minutes", []))
    minute = at - at % _MINUTE_MS
    minutes[minute] = minutes.get(minute, 0) + new
    oldest = at - period // timedelta(milliseconds=1)
    kept = [[start, lost] for start, lost in minutes.items() if lost and start > oldest]
    return {"counts": counts, "minutes": kept}


def _new(known: list[int] | None, count: list[int]) -> int:
    """What an adapter has lost since it was last seen; all of it if it was started since."""
    same_process = known is not None and known[0] == count[0]
    return max(0, count[1] - known[1]) if known is not None and same_process else count[1]


def total(memory: Memory) -> int:
    """The events lost within the period."""
    return sum(lost for _, lost in memory["minutes"])
