# mypyc: compiled
"""The fast reader's part for AccessLogCommon, the fields that HTTP and TCP entries share.

It skips fields that events do not need, which are most fields of an entry. It expects fields in the
order of their numbers, as Envoy's library writes them: so it notices a message that occurs twice,
which protobuf would merge. Anything else falls back to the protobuf reader, for example fields in
another order, a group, or a negative number.
"""

from typing import Final

from mypy_extensions import i64, mypyc_attr

from adapter.analytics.entry.decision_fields import find_decision_id, find_record
from adapter.analytics.entry.destination import port_in, principal_in
from adapter.analytics.entry.entry import (
    NOT_SET,
    UNAUTHORIZED_EXTERNAL,
    Entry,
    milliseconds,
)
from adapter.messages.wire import MOST_32_BITS, Span, field, moment, number, number_in

_REMOTE_ADDRESS: Final = 0x12
_LOCAL_ADDRESS: Final = 0x1A
_TLS_PROPERTIES: Final = 0x22
_START_TIME: Final = 0x2A
_FIRST_DOWNSTREAM: Final = 0x5A
_LAST_DOWNSTREAM: Final = 0x62
_RESPONSE_FLAGS: Final = 0x82
_METADATA: Final = 0x8A
_ROUTE_NAME: Final = 0x9A
_DURATION: Final = 0xBA
_STREAM_ID: Final = 0xD2
_WIRE_SENT: Final = 0xE8
_WIRE_RECEIVED: Final = 0xF0
_ACCESS_LOG_TYPE: Final = 0x108

_MESSAGES: Final = (
    _REMOTE_ADDRESS,
    _START_TIME,
    _FIRST_DOWNSTREAM,
    _LAST_DOWNSTREAM,
    _RESPONSE_FLAGS,
    _METADATA,
    _DURATION,
)
"""Messages that protobuf would merge if they occurred twice."""

_SOCKET_ADDRESS: Final = 0x0A
_ADDRESS: Final = 0x12
_UNAUTHORIZED: Final = 0x6A
_REASON: Final = 0x08


@mypyc_attr(acyclic=True)
class FastCommonProperties(Entry):
    """An entry's bytes, and where the common fields are in them.

    Each `_find` method walks over one message, and each `_take` method stores one field. They
    return False if the bytes are not plain: then the protobuf reader has to read the entry.
    """

    __slots__ = (
        "_first_sent_ms",
        "_last_sent_ms",
        "_local_address",
        "_metadata",
        "_octets",
        "_route_name",
        "_tls_properties",
        "_wire_received_bytes",
        "_wire_sent_bytes",
    )

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._route_name: Span = (0, 0)
        self._local_address: Span = (0, 0)
        self._tls_properties: Span = (0, 0)
        self._metadata: Span = (0, 0)
        self._first_sent_ms = self._last_sent_ms = 0
        self._wire_received_bytes = self._wire_sent_bytes = 0
        self.access_log_type = NOT_SET
        self.record = self.stream_id = self.remote_address = self.path = self.user_agent = b""
        self.refused = False
        self.start_seconds = self.start_nanos = self.duration_ms = 0
        self.request_method = self.response_code = self.received_bytes = self.sent_bytes = 0

    @property
    def decision_id(self) -> bytes:
        """See `Entry`."""
        start, stop = self._metadata
        return find_decision_id(self._octets, start, stop)

    @property
    def route_name(self) -> bytes:
        """See `Entry`."""
        return self._octets_at(self._route_name)

    @property
    def destination_port(self) -> int:
        """See `Entry`."""
        return port_in(self._octets_at(self._local_address))

    @property
    def destination_principal(self) -> bytes:
        """See `Entry`."""
        return principal_in(self._octets_at(self._tls_properties))

    @property
    def first_sent_ms(self) -> int:
        """See `Entry`."""
        return self._first_sent_ms

    @property
    def last_sent_ms(self) -> int:
        """See `Entry`."""
        return self._last_sent_ms

    @property
    def wire_received_bytes(self) -> int:
        """See `Entry`."""
        return self._wire_received_bytes

    @property
    def wire_sent_bytes(self) -> int:
        """See `Entry`."""
        return self._wire_sent_bytes

    def _octets_at(self, span: Span) -> bytes:
        start, stop = span
        return self._octets[start:stop]

    def _find_common(self, at: i64, end: i64) -> bool:
        octets = self._octets
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag < last or (tag == last and tag in _MESSAGES):
                return False
            last = tag
            if not self._take_common(tag, start, at):
                return False
        return True

    def _take_common(self, tag: i64, start: i64, stop: i64) -> bool:
        octets = self._octets
        if tag == _STREAM_ID:
            self.stream_id = octets[start:stop]
        elif tag in (_ROUTE_NAME, _LOCAL_ADDRESS, _TLS_PROPERTIES):
            self._take_span(tag, (start, stop))
        elif tag == _WIRE_SENT:
            self._wire_sent_bytes = number(octets, start, stop)
        elif tag == _WIRE_RECEIVED:
            self._wire_received_bytes = number(octets, start, stop)
        elif tag == _ACCESS_LOG_TYPE:
            self.access_log_type = number(octets, start, stop)
            return self.access_log_type <= MOST_32_BITS
        elif tag == _REMOTE_ADDRESS:
            return self._find_address(start, stop)
        elif tag == _RESPONSE_FLAGS:
            return self._find_flags(start, stop)
        elif tag == _METADATA:
            return self._take_record(start, stop)
        elif tag in (
            _START_TIME,
            _FIRST_DOWNSTREAM,
            _LAST_DOWNSTREAM,
            _DURATION,
        ):
            return self._take_time(tag, start, stop)
        return True

    def _take_span(self, tag: i64, span: Span) -> None:
        if tag == _ROUTE_NAME:
            self._route_name = span
        elif tag == _LOCAL_ADDRESS:
            self._local_address = span
        else:
            self._tls_properties = span

    def _take_time(self, tag: i64, start: i64, stop: i64) -> bool:
        seconds, nanos = moment(self._octets, start, stop)
        if seconds < 0:
            return False
        if tag == _START_TIME:
            self.start_seconds, self.start_nanos = seconds, nanos
        elif tag == _DURATION:
            self.duration_ms = milliseconds(seconds, nanos)
        elif tag == _FIRST_DOWNSTREAM:
            self._first_sent_ms = milliseconds(seconds, nanos)
        else:
            self._last_sent_ms = milliseconds(seconds, nanos)
        return True

    def _find_address(self, at: i64, end: i64) -> bool:
        octets = self._octets
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag <= last:
                return False
            last = tag
            if tag == _SOCKET_ADDRESS:
                while start < at:
                    tag, text, start = field(octets, start, at)
                    if not start:
                        return False
                    if tag == _ADDRESS:
                        self.remote_address = octets[text:start]
        return True

    def _find_flags(self, at: i64, end: i64) -> bool:
        octets = self._octets
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag <= last:
                return False
            last = tag
            if tag == _UNAUTHORIZED:
                reason = number_in(octets, start, at, _REASON)
                if reason < 0:
                    return False
                self.refused = reason == UNAUTHORIZED_EXTERNAL
        return True

    def _take_record(self, start: i64, stop: i64) -> bool:
        record = find_record(self._octets, start, stop)
        if record is None:
            return False
        self.record = record
        self._metadata = (start, stop)
        return True
