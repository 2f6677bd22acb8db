"""What is said about rows of a spool file."""

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """What is to happen to a batch."""

    PENDING = "pending"
    """It is to be uploaded."""
    QUARANTINED = "quarantined"
    """The platform refused it for good. It waits for an operator."""


class Totals(NamedTuple):
    """How much some rows hold; `bytes` are those of events."""

    batches: int = 0
    events: int = 0
    bytes: int = 0

    def plus(self, other: "Totals") -> "Totals":
        """The sum of both."""
        return Totals(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: "Totals") -> "Totals":
        """The difference, never below zero."""
        pairs = zip(self, other, strict=True)
        return Totals(*(max(0, mine - theirs) for mine, theirs in pairs))


class LoadedRow(NamedTuple):
    """A row whose events are in memory."""

    row_id: int
    events: tuple[bytes, ...]


class Row(NamedTuple):
    """What an operator sees of a row."""

    row_id: int
    state: State
    reason: str
    """Why the platform refused it."""
    written_ms: int
    """When it was written, or put aside; milliseconds since the epoch."""
    events: int
    bytes: int


class Changes(NamedTuple):
    """What another process did to the file."""

    deleted: int
    """How many events it deleted that are not in memory."""
    in_memory: frozenset[int]
    """The rows that are left of those whose events are in memory."""


class Dropped(NamedTuple):
    """How many events were dropped, by reason."""

    full: int = 0
    expired: int = 0
