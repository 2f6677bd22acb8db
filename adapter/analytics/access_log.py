# mypyc: compiled
"""The access log service: turns Envoy's streams of entries into events in the spool.

Envoy does not wait for an answer and is not told about failures. So nothing here may block, and an
entry that cannot be read must not affect other entries.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from adapter.analytics.entry_queue import EntryQueue
from adapter.analytics.event_id import RANDOM_BYTES, uuids7_in_a_row
from adapter.analytics.log_message import LogMessage
from adapter.analytics.observer import AnalyticsObserver, DropReason, Unattributed
from adapter.analytics.spool.port import EventSink
from adapter.analytics.translator import EntryTranslator
from adapter.messages import access_log_pb2 as pb
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.transport.service import Metadata

METHOD_PATH: Final = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"

_BROKEN: Final = (DecodeError, ValueError, OverflowError, OSError)
"""Raised for unreadable bytes and impossible times. OSError comes from the system's calendar."""

_SLICE_FIELDS: Final = 8
"""How many fields of a message, usually entries, are read at once: as long as a few Checks take."""
_NAME_BYTES: Final = 200
_LOG_INTERVAL_S: Final = 60
_MOST_INTRODUCTIONS: Final = 32
"""How many Envoys are logged within `_LOG_INTERVAL_S`."""


class AccessLogService:
    """Consumes the streams of all Envoy workers. A stream has no state of its own."""

    def __init__(
        self,
        translator: EntryTranslator,
        spool: EventSink,
        clock: Clock,
        *,
        observer: AnalyticsObserver | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._translator = translator
        self._spool = spool
        self._clock = clock
        self._observer = observer or AnalyticsObserver()
        self._random_bytes = random_bytes
        self._queue = EntryQueue(self._read_slice, self._report_offered)
        self._introduced: set[tuple[str, str, str]] = set()
        self._introduced_since = MonotonicTime(0)
        self._offered = 0
        """Events that the observer has not been told about yet."""
        self._warned_at: MonotonicTime | None = None
        self._log = structlog.get_logger()

    @property
    def waiting_octets(self) -> int:
        """How many bytes of all messages have not been read."""
        return self._queue.waiting_octets

    def open(self, _: Metadata) -> "AccessLogService":
        """Return the consumer of a new stream."""
        return self

    def consume(self, message: bytes) -> "asyncio.Future[None] | None":
        """Queue the entries of a message, to become events in the spool.

        Returns a future if too much is queued. The sender has to wait for it before it sends more.
        """
        return self._queue.add(message)

    def finish(self) -> None:
        """A stream has ended. Entries of it may still be queued; see `drain`."""

    async def drain(self) -> None:
        """Read all queued entries. Call this at shutdown, before the spool is flushed."""
        await self._queue.drain()

    def discard(self) -> None:
        """Count the entries that are still queued as lost. Call this if `drain` took too long."""
        if entries := self._queue.discard():
            self._observer.dropped(DropReason.SHUTDOWN, entries)

    def _read_slice(self, message: LogMessage, octets: int) -> None:
        """Read the next entries of a message, and offer their events to the spool."""
        entries = message.take(_SLICE_FIELDS, octets)
        if message.identifier:
            self._introduce(message.identifier)
            message.identifier = b""
        events = self._events(entries, tcp=message.tcp) if entries else []
        if events:
            self._spool.offer(events)
            self._offered += len(events)
        for _ in range(message.broken):
            self._count_broken(DecodeError())
        message.broken = 0

    def _report_offered(self) -> None:
        """Tell the observer. Not after each slice, because counting costs as much as an entry."""
        if self._offered:
            self._observer.events_offered(self._offered)
            self._offered = 0

    def _events(self, entries: Sequence[bytes], *, tcp: bool) -> list[bytes]:
        random = self._random_bytes(RANDOM_BYTES)
        ids = uuids7_in_a_row(int(self._clock.now() * 1000), random, len(entries))
        events = []
        for entry, event_id in zip(entries, ids, strict=True):
            try:
                event = self._translated(entry, event_id, tcp=tcp)
                if isinstance(event, bytes):
                    events.append(event)
                elif event is not None:
                    self._observer.unattributed(event)
            except _BROKEN as e:
                self._count_broken(e)
        return events

    def _translated(self, entry: bytes, event_id: str, *, tcp: bool) -> bytes | Unattributed | None:
        # The method is not put into a variable: the compiler makes a faster call by its name.
        if tcp:
            return self._translator.tcp(entry, event_id)
        return self._translator.http(entry, event_id)

    def _introduce(self, octets: bytes) -> None:
        """Log which Envoy sends entries, at most once a minute for each Envoy."""
        names = _names_in(octets)
        self._observer.envoy_seen(names[0])
        now = self._clock.monotonic()
        if now - self._introduced_since >= _LOG_INTERVAL_S:
            self._introduced.clear()
            self._introduced_since = now
        if names in self._introduced or len(self._introduced) >= _MOST_INTRODUCTIONS:
            return
        self._introduced.add(names)
        node, cluster, log_name = names
        self._log.info("access_log.stream_opened", node=node, cluster=cluster, log_name=log_name)

    def _count_broken(self, error: Exception) -> None:
        """Count a broken entry, and log at most one a minute, without its content."""
        self._observer.broken_entry()
        now = self._clock.monotonic()
        if self._warned_at is None or now - self._warned_at >= _LOG_INTERVAL_S:
            self._warned_at = now
            self._log.warning("access_log.entry_broken", error=type(error).__name__)


def _names_in(octets: bytes) -> tuple[str, str, str]:
    """The names of node, cluster and log in an identifier; empty if it is broken."""
    try:
        identifier = pb.Identifier.FromString(octets)
    except DecodeError:
        return "", "", ""
    return _name(identifier.node.id), _name(identifier.node.cluster), _name(identifier.log_name)


def _name(raw: bytes) -> str:
    return raw[:_NAME_BYTES].decode(errors="replace")
