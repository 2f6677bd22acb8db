# mypyc: compiled
"""The access log service: Envoy's streams of entries in, events into the spool.

Knows no transport: messages come as bytes, one by one. Envoy never waits for an answer and is
never told of a failure, so nothing here may block, and one strange entry costs only itself.
"""

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from adapter.analytics.event import RANDOM_BYTES, uuids7_in_a_row
from adapter.analytics.log_message import LogMessage
from adapter.analytics.observer import AnalyticsObserver, Unattributed
from adapter.analytics.spool.memory import EventSpool
from adapter.analytics.translator import EntryTranslator
from adapter.messages import access_log_pb2 as pb
from adapter.runtime.clock import Clock, MonotonicTime
from adapter.transport.service import Metadata

METHOD_PATH: Final = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"

_BROKEN: Final = (DecodeError, ValueError, OverflowError, OSError)
"""What unreadable bytes and impossible moments raise (the system's calendar may raise OSError)."""

_SLICE_FIELDS: Final = 8
"""Of a message, entries as a rule, that are read at once: they take as long as a few Checks."""
_TURN_OCTETS: Final = 64 * 1024
"""Between two chances for Checks to run, no more is read than this and one entry."""
_CALM_OCTETS: Final = 64 * 1024
"""For as many octets that wait, one more slice is read at a time: so a busy adapter keeps up."""
_MOST_SLICES: Final = 8
_ENOUGH_OCTETS: Final = 1024 * 1024
"""Beyond, entries come faster than they are read: then the stream, and so Envoy, has to wait."""
_NAME_BYTES: Final = 200
_MOST_INTRODUCTIONS: Final = 32
"""In the log, within `_COMPLAINT_INTERVAL_S`."""
_COMPLAINT_INTERVAL_S: Final = 60


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
        self._waiting: deque[LogMessage] = deque()
        """Oldest first."""
        self._waiting_octets = 0
        self._room: asyncio.Future[None] | None = None
        """Done when there is room for more; None where there is."""
        self._introduced: set[tuple[str, str, str]] = set()
        self._introduced_since = MonotonicTime(0)
        self._scheduled = False
        self._offered = 0
        """Events that the observer has not been told of yet."""
        self._complained_at: MonotonicTime | None = None
        self._log = structlog.get_logger()

    @property
    def waiting_octets(self) -> int:
        """How much of all messages has not been read yet."""
        return self._waiting_octets

    def open(self, _: Metadata) -> "AccessLogService":
        """The consumer of a new stream."""
        return self

    def consume(self, message: bytes) -> "asyncio.Future[None] | None":
        """Offer an event to the spool for each entry that makes one; broken ones are counted.

        Only a few entries are read at once; Checks get their turn before the next ones. The result
        is what to wait for before sending more, where too much waits already.
        """
        self._waiting.append(LogMessage(message))
        self._waiting_octets += len(message)
        if not self._scheduled:
            self._take_turn()
        if self._waiting_octets <= _ENOUGH_OCTETS:
            return None
        if self._room is None:
            self._room = asyncio.get_running_loop().create_future()
        return self._room

    def finish(self) -> None:
        """A stream has ended. What it brought may still wait; see `drain`."""

    async def drain(self) -> None:
        """Read all that waits, so that an adapter that stops has all events."""
        while self._waiting:
            self._take_some()
            await asyncio.sleep(0)

    def _take_turn(self) -> None:
        """Read some of what waits, and the rest later."""
        self._scheduled = True
        self._take_some()
        asyncio.get_running_loop().call_soon(self._turn_is_over)

    def _turn_is_over(self) -> None:
        self._scheduled = False
        if self._waiting:
            self._take_turn()

    def _take_some(self) -> None:
        slices = min(1 + self._waiting_octets // _CALM_OCTETS, _MOST_SLICES)
        octets = _TURN_OCTETS
        while self._waiting and slices > 0 and octets > 0:
            octets -= self._take_slice(self._waiting[0], octets)
            slices -= 1
        if self._room is not None and self._waiting_octets <= _ENOUGH_OCTETS // 2:
            self._room.set_result(None)
            self._room = None
        # Not for every slice: telling a metric costs as much as an entry.
        if self._offered and not self._waiting:
            self._observer.events_offered(self._offered)
            self._offered = 0

    def _take_slice(self, message: LogMessage, octets: int) -> int:
        """Read on in the oldest message; tells how many octets were read."""
        before = message.rest
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
        if not message.rest:
            self._waiting.popleft()
        taken = before - message.rest
        self._waiting_octets -= taken
        return taken

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

    def _introduce(self, octets: bytes) -> None:
        """Log which Envoy writes, once a minute for each."""
        names = _names_in(octets)
        now = self._clock.monotonic()
        if now - self._introduced_since >= _COMPLAINT_INTERVAL_S:
            self._introduced.clear()
            self._introduced_since = now
        if names in self._introduced or len(self._introduced) >= _MOST_INTRODUCTIONS:
            return
        self._introduced.add(names)
        node, cluster, log_name = names
        self._log.info("access_log.stream_opened", node=node, cluster=cluster, log_name=log_name)

    def _count_broken(self, error: Exception) -> None:
        """Count it, and say so now and then; what it held stays out of the log."""
        self._observer.broken_entry()
        now = self._clock.monotonic()
        if self._complained_at is None or now - self._complained_at >= _COMPLAINT_INTERVAL_S:
            self._complained_at = now
            self._log.warning("access_log.entry_broken", error=type(error).__name__)


def _names_in(octets: bytes) -> tuple[str, str, str]:
    """Node, cluster and log of an identifier; empty where it is broken."""
    try:
        identifier = pb.Identifier.FromString(octets)
    except DecodeError:
        return "", "", ""
    return _name(identifier.node.id), _name(identifier.node.cluster), _name(identifier.log_name)


def _name(raw: bytes) -> str:
    return raw[:_NAME_BYTES].decode(errors="replace")
