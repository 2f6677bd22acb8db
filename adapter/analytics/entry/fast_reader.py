# mypyc: compiled
"""The fast reader of entries: finds fields in an entry's bytes without parsing the entry.

It accepts entries as Envoy writes them: fields in the order of their numbers, each message once.
Text need not be ASCII, and unknown fields are skipped. Anything else falls back to the protobuf
reader. docs/adr/0016-fast-reader-of-entries.md has the reasons and the figures.
"""

from typing import Final

from mypy_extensions import i64, mypyc_attr

from adapter.analytics.entry.common_properties import FastCommonProperties
from adapter.analytics.entry.entry import GRPC_STATUS, Entry
from adapter.messages.wire import MOST_32_BITS, Span, field, number, number_in, pair

# Tags (see `adapter.messages.wire`), by message.
_COMMON: Final = 0x0A
_CONNECTION: Final = 0x12
_REQUEST: Final = 0x1A
_RESPONSE: Final = 0x22

_METHOD: Final = 0x08
_AUTHORITY: Final = 0x1A
_PATH: Final = 0x2A
_USER_AGENT: Final = 0x32
_ORIGINAL_PATH: Final = 0x52
_REQUEST_BODY: Final = 0x60

_CODE: Final = 0x0A
_CODE_VALUE: Final = 0x08
_RESPONSE_BODY: Final = 0x18
_HEADERS: Final = 0x22
_TRAILERS: Final = 0x2A
_DETAILS: Final = 0x32
_RECEIVED: Final = 0x08
_SENT: Final = 0x10

_QUESTION_MARK: Final = 0x3F


def read_http(octets: bytes) -> Entry | None:
    """Read an entry of `http_logs`. None if the protobuf reader has to read it."""
    entry = FastEntry(octets)
    return entry if entry.find_http() else None


def read_tcp(octets: bytes) -> Entry | None:
    """Read an entry of `tcp_logs`. None if the protobuf reader has to read it."""
    entry = FastEntry(octets)
    return entry if entry.find_tcp() else None


@mypyc_attr(acyclic=True)
class FastEntry(FastCommonProperties):
    """An entry that the fast reader has read: its bytes, and where each field is in them."""

    __slots__ = ("_authority", "_details", "_grpc_status", "_status_tag")

    def __init__(self, octets: bytes) -> None:
        super().__init__(octets)
        self._authority: Span = (0, 0)
        self._details: Span = (0, 0)
        self._grpc_status: Span = (0, 0)
        self._status_tag: i64 = 0
        """The tag of the field where it was found. The one in the trailers replaces the one in the
        headers, and the trailers' tag is the larger one."""

    @property
    def authority(self) -> bytes:
        """See `Entry`."""
        return self._octets_at(self._authority)

    @property
    def response_code_details(self) -> bytes:
        """See `Entry`."""
        return self._octets_at(self._details)

    @property
    def grpc_status(self) -> bytes | None:
        """See `Entry`."""
        return self._octets_at(self._grpc_status) if self._status_tag else None

    def find_http(self) -> bool:
        """Note where the fields of an HTTPAccessLogEntry are. False if it is not plain."""
        octets = self._octets
        at: i64 = 0
        end: i64 = len(octets)
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag <= last:
                return False
            last = tag
            if tag == _COMMON:
                plain = self._find_common(start, at)
            elif tag == _REQUEST:
                plain = self._find_request(start, at)
            else:
                plain = tag != _RESPONSE or self._find_response(start, at)
            if not plain:
                return False
        return True

    def find_tcp(self) -> bool:
        """The same for a TCPAccessLogEntry."""
        octets = self._octets
        at: i64 = 0
        end: i64 = len(octets)
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag <= last:
                return False
            last = tag
            if tag == _COMMON:
                plain = self._find_common(start, at)
            else:
                plain = tag != _CONNECTION or self._find_connection(start, at)
            if not plain:
                return False
        return True

    def _find_request(self, at: i64, end: i64) -> bool:
        octets = self._octets
        path: i64 = 0
        path_end: i64 = 0
        path_tag: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at:
                return False
            if tag in (_PATH, _ORIGINAL_PATH):
                # The original path comes after the path, and replaces it.
                if tag < path_tag or (tag == _ORIGINAL_PATH and at == start):
                    return False
                path_tag, path, path_end = tag, start, at
            elif tag == _AUTHORITY:
                self._authority = (start, at)
            elif tag == _USER_AGENT:
                self.user_agent = octets[start:at]
            elif tag == _METHOD:
                self.request_method = number(octets, start, at)
            elif tag == _REQUEST_BODY:
                self.received_bytes = number(octets, start, at)
        self.path = octets[path : _query(octets, path, path_end)]
        return self.request_method <= MOST_32_BITS

    def _find_response(self, at: i64, end: i64) -> bool:
        octets = self._octets
        last: i64 = 0
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at or tag < last or (tag == last and tag == _CODE):
                return False
            last = tag
            if tag == _CODE:
                self.response_code = number_in(octets, start, at, _CODE_VALUE)
                if self.response_code < 0:
                    return False
            elif tag == _RESPONSE_BODY:
                self.sent_bytes = number(octets, start, at)
            elif tag == _DETAILS:
                self._details = (start, at)
            elif tag in (_HEADERS, _TRAILERS) and not self._take_header(tag, start, at):
                return False
        return True

    def _take_header(self, tag: i64, start: i64, stop: i64) -> bool:
        octets = self._octets
        key, key_stop, value, value_stop = pair(octets, start, stop)
        if key < 0:
            return False
        if tag > self._status_tag and octets[key:key_stop] == GRPC_STATUS:
            self._grpc_status = (value, value_stop)
            self._status_tag = tag
        return True

    def _find_connection(self, at: i64, end: i64) -> bool:
        octets = self._octets
        while at < end:
            tag, start, at = field(octets, at, end)
            if not at:
                return False
            if tag == _RECEIVED:
                self.received_bytes = number(octets, start, at)
            elif tag == _SENT:
                self.sent_bytes = number(octets, start, at)
        return True


def _query(octets: bytes, at: i64, end: i64) -> i64:
    """Where the path's query begins, or the end if it has no query."""
    while at < end and octets[at] != _QUESTION_MARK:
        at += 1
    return at
