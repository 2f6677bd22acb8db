"""What every spool does."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from adapter.analytics.spool.batch import Backlog, Batch, BatchLimit


class EventSink(Protocol):
    """Takes events. Each is one JSON object."""

    def offer(self, events: Sequence[bytes]) -> None:
        """Add events. Never waits, because it is called for every few requests."""


class EventSpool(EventSink, Protocol):
    """A bounded queue of events, oldest first.

    The methods that are called once for each batch are coroutines, so that a spool may wait for a
    disk. A spool that is full drops its oldest events and counts them.

    A batch that is not out is ignored, so that a cancelled upload may always put its batch back.
    """

    @property
    def backlog(self) -> Backlog:
        """How much the spool holds."""

    @property
    def quarantined(self) -> Backlog:
        """How much was put aside. It is not part of the backlog."""

    @property
    def alarms(self) -> Mapping[str, str]:
        """What an operator should look at, by component."""

    def has_full(self, limit: BatchLimit) -> bool:
        """Whether a full batch can be taken."""

    async def wait_full(self, limit: BatchLimit) -> None:
        """Wait until a full batch can be taken. Only one caller may wait at a time."""

    async def take(self, limit: BatchLimit) -> Batch | None:
        """Take out the oldest events, at least one; None if the spool is empty."""

    async def acknowledge(self, batch: Batch) -> None:
        """Forget the batch: the platform has accepted it."""

    async def requeue(self, batch: Batch) -> None:
        """Put the batch back, ahead of all events that came later."""

    async def quarantine(self, batch: Batch, reason: str) -> None:
        """Put the batch aside for an operator: the platform will never accept it.

        A spool that cannot keep it drops it and counts it.
        """

    async def close(self) -> None:
        """Accept no more events. Drop and count those that cannot outlive the process."""
