"""Gives events to several places."""

from collections.abc import Sequence

from adapter.analytics.spool.port import EventSink


class EventCopies:
    """An `EventSink` that gives all events to each of its sinks."""

    def __init__(self, *sinks: EventSink) -> None:
        self._sinks = sinks

    def offer(self, events: Sequence[bytes]) -> None:
        """See `EventSink.offer`."""
        for sink in self._sinks:
            sink.offer(events)
