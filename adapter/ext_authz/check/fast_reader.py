# mypyc: compiled
"""Checks read where they stand, in the octets that Envoy wrote.

To parse a Check into a message costs as much as to decide about it, and most of what is made so is
never looked at. Compiled (docs/adr/0010-compiled-check-path.md), a walk over the octets costs a
tenth: it notes where the fields are, and a field becomes a string when it is asked for.

The encoding is protobuf's (protobuf.dev, encoding), the fields are those of
envoy.service.auth.v3.AttributeContext. The walk knows only what Envoys write: messages once each,
headers in one run, text in ASCII. Whatever is otherwise is left to the protobuf library, so that
what is read here and what it reads are the same; docs/adr/0012-scanned-checks.md.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from mypy_extensions import i64

from adapter.ext_authz.check.request import (
    ATTESTED,
    BY_PATH,
    MOST_HEADERS,
    ClientAddress,
    EnvoyRequest,
)
from adapter.messages.wire import Span, after_number, content
from adapter.transport.service import Metadata

_ATTRIBUTES: Final = 0x0A
"""Tags: a field's number, times 8, plus 2 where its content is delimited by its length."""
_REQUEST: Final = 0x22
_CONTEXT_EXTENSIONS: Final = 0x52
_ROUTE_METADATA: Final = 0x6A
_UNREAD_ATTRIBUTES: Final = (0x0A, 0x12, 0x5A, 0x62)
"""Source, destination, metadata context, TLS session."""
_TIME: Final = 0x0A
_HTTP: Final = 0x12
_ID: Final = 0x0A
_METHOD: Final = 0x12
_HEADERS: Final = 0x1A
_PATH: Final = 0x22
_HOST: Final = 0x2A
_SCHEME: Final = 0x32
_UNREAD_TEXTS: Final = (0x3A, 0x42)
"""Query and fragment, which `path` has, too."""
_SIZE: Final = 0x48
"""The only number; a tag of its own kind."""
_PROTOCOL: Final = 0x52
_BODIES: Final = (0x5A, 0x62)
_KEY: Final = 0x0A
_VALUE: Final = 0x12


def scan(message: bytes, metadata: Metadata, address: ClientAddress) -> "ScannedRequest | None":
    """The attributes of a Check as Envoys write them; None for the protobuf library to judge."""
    request = ScannedRequest(message, metadata, address)
    return request if request.is_plain() else None


class ScannedRequest(EnvoyRequest):
    """A Check's octets, and where its fields stand in them."""

    __slots__ = (
        "_authority",
        "_header_run",
        "_id",
        "_method",
        "_octets",
        "_path",
        "_protocol",
        "_scheme",
    )

    def __init__(self, octets: bytes, metadata: Metadata, address: ClientAddress) -> None:
        super().__init__(metadata, address)
        self._octets = octets
        self._header_run: Span = (0, 0)
        self._id: Span = (0, 0)
        self._method: Span = (0, 0)
        self._path: Span = (0, 0)
        self._authority: Span = (0, 0)
        self._scheme: Span = (0, 0)
        self._protocol: Span = (0, 0)

    def header(self, name: str) -> str | None:
        """The last one of that name, as in the library's map."""
        if not name.isascii() or not name:
            return None
        octets, wanted = self._octets, name.encode()
        size: i64 = len(wanted)
        first = wanted[0]
        at, end = self._header_run
        found: i64 = 0
        while at < end:
            start, stop = content(octets, at + 1, end)
            if (
                octets[start + 1] == size
                and octets[start + 2] == first
                and octets[start + 2 : start + 2 + size] == wanted
            ):
                found = start + 2 + size
            at = stop
        return self._text(content(octets, found + 1, end)) if found else None

    @property
    def headers(self) -> Mapping[str, str]:
        """All of them."""
        octets, headers = self._octets, {}
        at, end = self._header_run
        while at < end:
            start, stop = content(octets, at + 1, end)
            name = content(octets, start + 1, stop)
            headers[self._text(name)] = self._text(content(octets, name[1] + 1, stop))
            at = stop
        return headers

    @property
    def odd_names(self) -> Sequence[str]:
        """Found without making texts of the others: it is asked for in every Check."""
        octets, odd = self._octets, []
        at, end = self._header_run
        while at < end:
            start, stop = content(octets, at + 1, end)
            size: i64 = octets[start + 1]
            if _is_odd(octets, start + 2, start + 2 + size):
                odd.append(self._text((start + 2, start + 2 + size)))
            at = stop
        return odd

    @property
    def path(self) -> str:
        """Envoy's `path`."""
        return self._text(self._path)

    @property
    def authority(self) -> str:
        """Envoy's `host`."""
        return self._text(self._authority)

    @property
    def scheme(self) -> str:
        """Envoy's `scheme`."""
        return self._text(self._scheme)

    @property
    def protocol(self) -> str:
        """Envoy's `protocol`."""
        return self._text(self._protocol)

    @property
    def route_metadata(self) -> str:
        """Checks that have any are not scanned."""
        return ""

    def is_plain(self) -> bool:
        """Find the fields; tell whether they are as Envoys write them."""
        octets = self._octets
        end: i64 = len(octets)
        start, stop = content(octets, 1, end)
        return 0 < stop == end and octets[0] == _ATTRIBUTES and self._find_attributes(start, end)

    def _find_attributes(self, at: i64, end: i64) -> bool:
        octets = self._octets
        has_request = False
        while at < end:
            tag = octets[at]
            start, at = content(octets, at + 1, end)
            if not at:
                return False
            if tag == _CONTEXT_EXTENSIONS:
                if not self._take_extension(start, at):
                    return False
            elif tag == _REQUEST:
                if has_request or not self._find_http(start, at):
                    return False
                has_request = True
            elif tag == _ROUTE_METADATA:
                if start < at:
                    return False
            elif tag not in _UNREAD_ATTRIBUTES:
                return False
        return has_request

    def _take_extension(self, start: i64, stop: i64) -> bool:
        octets = self._octets
        unchecked = _checked_entry(octets, start, stop, start)
        if unchecked < 0 or not octets[unchecked:stop].isascii():
            return False
        after: i64 = start + 2 + octets[start + 1]
        key = octets[start + 2 : after]
        value = self._text(content(octets, after + 1, stop))
        if key == b"api_id":
            self.api_id = value
        elif key == b"client_address":
            self.is_address_attested = value == ATTESTED
        elif key == b"api_chosen_by":
            self.chosen_by_path = value == BY_PATH
        return True

    def _find_http(self, at: i64, end: i64) -> bool:
        octets = self._octets
        has_http = False
        while at < end:
            tag = octets[at]
            start, at = content(octets, at + 1, end)
            if not at:
                return False
            if tag == _HTTP:
                if has_http or not self._find_fields(start, at):
                    return False
                has_http = True
            elif tag != _TIME:
                return False
        return has_http

    def _find_fields(self, at: i64, end: i64) -> bool:
        octets = self._octets
        unchecked = at
        """Text from here on is not known to be ASCII yet; -1 once there was some that is not."""
        headers: i64 = 0
        while at < end and unchecked >= 0:
            tag = octets[at]
            if tag == _SIZE:
                start, stop = at, after_number(octets, at + 1, end)
            else:
                start, stop = content(octets, at + 1, end)
            if not stop:
                return False
            if tag == _SIZE or tag in _BODIES:
                unchecked = _next_text(octets, unchecked, at, stop)
            else:
                if start - at > 2:  # the octets of a long size are not ASCII
                    unchecked = _next_text(octets, unchecked, at + 1, start)
                if tag == _HEADERS:
                    headers += 1
                    if headers > MOST_HEADERS:
                        return False
                    unchecked = self._take_header(at, start, stop, unchecked)
                elif not self._take_text(tag, start, stop):
                    return False
            at = stop
        if unchecked < 0 or not octets[unchecked:end].isascii():
            return False
        self.check_id, self.method = self._text(self._id), self._text(self._method)
        return True

    def _take_header(self, at: i64, start: i64, stop: i64, unchecked: i64) -> i64:
        first, last = self._header_run
        if not last:
            first = last = at
        if unchecked < 0 or last != at:
            return -1
        self._header_run = (first, stop)
        return _checked_entry(self._octets, start, stop, unchecked)

    def _take_text(self, tag: int, start: i64, stop: i64) -> bool:
        span = (start, stop)
        if tag == _ID:
            self._id = span
        elif tag == _METHOD:
            self._method = span
        elif tag == _PATH:
            self._path = span
        elif tag == _HOST:
            self._authority = span
        elif tag == _SCHEME:
            self._scheme = span
        elif tag == _PROTOCOL:
            self._protocol = span
        else:
            return tag in _UNREAD_TEXTS
        return True

    def _text(self, span: Span) -> str:
        start, stop = span
        return self._octets[start:stop].decode()


def _is_odd(octets: bytes, at: i64, stop: i64) -> bool:
    """`policy.request.header_spelling.is_odd` for the name that stands there."""
    while at < stop:
        octet: i64 = octets[at]
        # Letters, a hyphen, digits and the colon that comes after them: from most common to least.
        if not (97 <= octet <= 122 or octet == 45 or 48 <= octet <= 58):
            return True
        at += 1
    return False


def _checked_entry(octets: bytes, start: i64, stop: i64, unchecked: i64) -> i64:
    """From where on text is unchecked after this entry of a map; -1 where it is not plain.

    A key of 1 to 127 octets, a value, and nothing else.
    """
    if stop - start < 5 or octets[start] != _KEY:
        return -1
    key_start, key_stop = content(octets, start + 1, stop)
    if not start + 2 == key_start < key_stop < stop - 1 or octets[key_stop] != _VALUE:
        return -1
    value_start, value_stop = content(octets, key_stop + 1, stop)
    if value_stop != stop:
        return -1
    if value_start - key_stop == 2:
        return unchecked
    return _next_text(octets, unchecked, key_stop + 1, value_start)


def _next_text(octets: bytes, unchecked: i64, at: i64, start: i64) -> i64:
    """Where text goes on after something else at `at`; -1 where it is not all ASCII up to there."""
    if octets[unchecked:at].isascii():
        return start
    return -1
