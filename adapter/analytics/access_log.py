"""The access log service: Envoy's streams of entries in, events into the spool.

Knows no transport: messages come as bytes, one by one. Envoy never waits for an answer and is
never told of a failure, so nothing here may block, and one strange entry costs only itself.
"""

import os
from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Final

import structlog
from google.protobuf.message import DecodeError

from adapter.analytics.entries import EntryTranslator
from adapter.analytics.event import ApiEvent, EventEncoder, uuid7
from adapter.analytics.observer import AnalyticsObserver, SilentObserver, Unattributed
from adapter.analytics.spool import EventSpool
from adapter.clock import Clock, MonotonicTime
from adapter.messages import access_log_pb2 as pb
from adapter.transport.caller_token import CallerToken
from adapter.transport.service import Metadata

METHOD_PATH: Final = "/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs"

_BROKEN: Final = (DecodeError, ValueError, OverflowError, OSError)
"""What unreadable bytes and impossible moments raise (the system's calendar may raise OSError)."""

_RANDOM_BYTES: Final = 10
_NAME_BYTES: Final = 200
_COMPLAINT_INTERVAL_S: Final = 60


class AccessLogService:
    """Takes the streams of all Envoy workers; they have no state, so one object consumes them all.

    A stream brings the same token as Checks do.
    """

    def __init__(
        self,
        translator: EntryTranslator,
        encoder: EventEncoder,
        spool: EventSpool,
        clock: Clock,
        token: CallerToken,
        *,
        observer: AnalyticsObserver | None = None,
        random_bytes: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._translator = translator
        self._encoder = encoder
        self._spool = spool
        self._clock = clock
        self._token = token
        self._observer = observer or SilentObserver()
        self._random_bytes = random_bytes
        self._complained_at: MonotonicTime | None = None
        self._log = structlog.get_logger()

    def open(self, metadata: Metadata) -> "AccessLogService":
        """The consumer of a new stream; RpcError UNAUTHENTICATED for a missing or wrong token."""
        self._token.verify(metadata)
        return self

    def consume(self, message: bytes) -> None:
        """Offer an event to the spool for each entry that makes one; broken ones are counted."""
        try:
            logs = pb.StreamAccessLogsMessage.FromString(message)
        except DecodeError as e:
            self._count_broken(e)
            return
        if logs.HasField("identifier"):
            self._introduce(logs.identifier)
        events = self._events(logs.http_logs.log_entry, self._translator.http)
        events += self._events(logs.tcp_logs.log_entry, self._translator.tcp)
        if events:
            self._spool.offer(events)
            self._observer.events_offered(len(events))

    def finish(self) -> None:
        """The stream has ended; nothing of it is held back here."""

    def _events(
        self,
        entries: Sequence[bytes],
        translate: Callable[[bytes, str], ApiEvent | Unattributed | None],
    ) -> list[bytes]:
        now_ms = int(self._clock.now() * 1000)
        # Drawn for all at once: one call of the system instead of one for each entry.
        random = BytesIO(self._random_bytes(_RANDOM_BYTES * len(entries)))
        events = []
        for entry in entries:
            try:
                event = translate(entry, uuid7(now_ms, random.read(_RANDOM_BYTES)))
                if isinstance(event, ApiEvent):
                    events.append(self._encoder.encode(event))
                elif event is not None:
                    self._observer.unattributed(event)
            except _BROKEN as e:
                self._count_broken(e)
        return events

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
