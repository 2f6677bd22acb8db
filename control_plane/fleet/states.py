"""How an adapter is doing, in words.

"In sync" compares what an adapter reports with what admins saved. An adapter that is silent is
"unknown": that it does not report says nothing about what it enforces.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

SLACK: Final = timedelta(seconds=5)
"""What a report may take on its way, on top of the intervals."""
_INTERVALS_OF_SILENCE: Final = 3
_POLLS: Final = 2


class Word(StrEnum):
    """The states, the best first."""

    IN_SYNC = "in sync"
    """Every saved change is in force."""
    APPLYING = "applying"
    """Changes are not in force yet, and it is early: less than two polls."""
    BEHIND = "behind"
    """Changes should be in force by now."""
    REJECTED = "rejected"
    """An API is closed, because the adapter can't enforce what was saved."""
    UNKNOWN = "unknown"
    """It is silent."""


class Missing(NamedTuple):
    """A change that is not in force."""

    number: int
    at: datetime
    poll: timedelta
    """How often the adapter asks for changes of its kind."""


@dataclass(frozen=True, slots=True)
class State:
    """A state, with what explains it."""

    word: Word
    revisions: int = 0
    """How many changes are not in force."""
    behind: timedelta = timedelta()
    """For how long the oldest of them has been saved."""
    why: str = ""

    @property
    def text(self) -> str:
        """The state for people, such as `behind by 3 revisions and 65 s`."""
        if self.word is not Word.BEHIND or not self.revisions:
            return self.word.value
        revisions = "1 revision" if self.revisions == 1 else f"{self.revisions} revisions"
        return f"behind by {revisions} and {duration(self.behind)}"


def is_silent(reported_at: datetime, interval: timedelta, now: datetime) -> bool:
    """Whether reports are overdue."""
    return now - reported_at > _INTERVALS_OF_SILENCE * interval + SLACK


def state_of(
    missing: Iterable[Missing],
    now: datetime,
    *,
    silent: bool = False,
    fault: str = "",
    unconfirmed: str = "",
) -> State:
    """The state of an API on an adapter.

    `fault` says why the API is closed; `unconfirmed`, why it has not come from the platform yet.
    """
    waiting = sorted(missing)
    behind = max((now - change.at for change in waiting), default=timedelta())
    late = any(now - change.at > _POLLS * change.poll + SLACK for change in waiting)
    if silent:
        word, why = Word.UNKNOWN, ""
    elif fault:
        word, why = Word.REJECTED, fault
    elif late:
        word, why = Word.BEHIND, unconfirmed
    elif waiting or unconfirmed:
        word, why = Word.APPLYING, unconfirmed
    else:
        word, why = Word.IN_SYNC, ""
    return State(word, len(waiting), behind, why)


def worst(states: Iterable[State]) -> State:
    """The state of the whole: the worst of its parts."""
    order = [*Word]
    return max(states, key=lambda state: order.index(state.word), default=State(Word.IN_SYNC))


def duration(time: timedelta) -> str:
    """A time in its two largest units, such as `65 s`, `3 min` or `2 h 5 min`."""
    seconds = max(0, int(time.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 120:
        return f"{minutes} min"
    hours = minutes // 60
    return f"{hours} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
