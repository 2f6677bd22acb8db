# mypyc: compiled
"""The access log service: Envoy's streams of entries in, events into the spool.

Knows no transport: messages come as bytes, one by one. Envoy never waits for an answer and is
never told of a failure, so nothing here may block, and one strange entry costs only itself.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import structlog
from google.protobuf.message import DecodeError

from adapter.analytics.event import RANDOM_BYTES, uuids7_in_a_row
from adapter.analytics.observer import AnalyticsObserver, Unattributed
from adapter.analytics.spool.memory import EventSpool
from adapter.analytics.translator import EntryTranslator
from adapter.messages import access_log_pb2 as pb
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.transport.service import Metadata

METHOD_PATH: Final = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"

_BROKEN: Final = (DecodeError, ValueError, OverflowError, OSError)
"""What unreadable bytes and impossible moments raise (the system's calendar may raise OSError)."""

_SLICE: Final = 8
"""The least number of entries to take between two chances for Checks to run: they take as long as
a few Checks."""
_CALM_SLICES: Final = 64
"""For as many slices that wait, one more is taken at a time: so a busy adapter keeps up."""
_MOST_SLICES: Final = 2_000
"""Beyond, entries come faster than they are taken: then the stream, and so Envoy, has to wait."""
_NAME_BYTES: Final = 200
_COMPLAINT_INTERVAL_S: Final = 60
_Slice: TypeAlias = tuple[Sequence[bytes], int, bool]
"""Of which entries, where it begins, and whether they are those of the TCP logger."""


class AccessLogService:
    """Takes the streams of all Envoy workers; they have no state, so one object takes them all."""

    def __init__(
        self,
        translator: EntryTranslator,
        spool: EventSpool,
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
        self._waiting: deque[_Slice] = deque()
        """Oldest first; they are cut when their turn comes, since that takes time too."""
        self._scheduled = False
        self._offered = 0
        """Events that the observer has not been told of yet."""
        self._complained_at: MonotonicTime | None = None
        self._log = structlog.get_logger()

    def open(self, _: Metadata) -> "AccessLogService":
        """The consumer of a new stream."""
        return self

    def consume(self, message: bytes) -> None:
        """Offer an event to the spool for each entry that makes one; broken ones are counted.

        Of a message with very many entries the rest waits until Checks had their turn.
        """
        try:
            logs = pb.StreamAccessLogsMessage.FromString(message)
        except DecodeError as e:
            self._count_broken(e)
            return
        if logs.HasField("identifier"):
            self._introduce(logs.identifier)
        self._wait(logs.http_logs.log_entry, tcp=False)
        self._wait(logs.tcp_logs.log_entry, tcp=True)
        self._take_some()
        while len(self._waiting) > _MOST_SLICES:
            self._take_slice()
        self._take_rest_later()

    def finish(self) -> None:
        """A stream has ended: nothing is held back, so that a drained server has all events."""
        while self._waiting:
            self._take_slice()

    def _wait(self, entries: Sequence[bytes], *, tcp: bool) -> None:
        for start in range(0, len(entries), _SLICE):
            self._waiting.append((entries, start, tcp))

    def _take_rest_later(self) -> None:
        if self._waiting and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._take_rest)

    def _take_rest(self) -> None:
        self._scheduled = False
        self._take_some()
        self._take_rest_later()

    def _take_some(self) -> None:
        for _ in range(-(-len(self._waiting) // _CALM_SLICES)):
            self._take_slice()

    def _take_slice(self) -> None:
        entries, start, tcp = self._waiting.popleft()
        events = self._events(entries[start : start + _SLICE], tcp=tcp)
        if events:
            self._spool.offer(events)
            self._offered += len(events)
        # Not for every slice: telling a metric costs as much as an entry.
        if self._offered and not self._waiting:
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
        # Not through a variable, since the compiler calls what it knows by name, which is cheaper.
        if tcp:
            return self._translator.tcp(entry, event_id)
        return self._translator.http(entry, event_id)

    def _introduce(self, identifier: pb.Identifier) -> None:
        self._log.info(
            "access_log.stream_opened",
            node=_name(identifier.node.id),
            cluster=_name(identifier.node.cluster),
            log_name=_name(identifier.log_name),
        )

    def _count_broken(self, error: Exception) -> None:
        """Count it, and say so now and then; what it held stays out of the log."""
        self._observer.broken_entry()
        now = self._clock.monotonic()
        if self._complained_at is None or now - self._complained_at >= _COMPLAINT_INTERVAL_S:
            self._complained_at = now
            self._log.warning("access_log.entry_broken", error=type(error).__name__)


def _name(raw: bytes) -> str:
    return raw[:_NAME_BYTES].decode(errors="replace")
