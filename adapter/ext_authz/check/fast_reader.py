# mypyc: compiled
"""The fast reader of Checks: finds fields in a message's bytes without parsing the message.

The protobuf library takes as long to parse a Check as we take to decide it, and a decision uses
only a few of the fields. The fast reader walks over the bytes once and notes where each field
begins and ends. A field becomes a string when a policy asks for it. In the compiled build this
costs a tenth of parsing; docs/adr/0012-fast-reader-of-checks.md has the figures.

It accepts what Envoy normally writes:

- each message once, such as one `attributes` and one `http`;
- headers in the `headers` map, all in a row, with names of 1 to 127 bytes;
- text in ASCII only, except in the route's metadata.

Anything else falls back to the protobuf reader: raw headers, a header such as `x-name: Zoë`, or
`http` twice, which protobuf would merge. So both readers always say the same about a Check.

The encoding is protobuf's (protobuf.dev, encoding). The fields are those of
envoy.service.auth.v3.AttributeContext.
"""

from typing import Final

from mypy_extensions import i64

from adapter.ext_authz.check.fast_fields import FastFields
from adapter.ext_authz.check.map_entries import entry_checked, text_checked
from adapter.ext_authz.check.request import ATTESTED, BY_PATH, MOST_HEADERS, TRUE, ClientAddress
from adapter.ext_authz.check.route_metadata import route_of
from adapter.messages.wire import after_number, content
from adapter.transport.service import Metadata

# Tags (see `adapter.messages.wire`): a field's number times 8, plus 2 for a field with a length.
_ATTRIBUTES: Final = 0x0A
_SOURCE: Final = 0x0A
_REQUEST: Final = 0x22
_CONTEXT_EXTENSIONS: Final = 0x52
_ROUTE_METADATA: Final = 0x6A
_METADATA: Final = 0x5A
_DESTINATION: Final = 0x12
_TLS_SESSION: Final = 0x62
_TIME: Final = 0x0A
_HTTP: Final = 0x12
_ID: Final = 0x0A
_METHOD: Final = 0x12
_HEADERS: Final = 0x1A
_PATH: Final = 0x22
_HOST: Final = 0x2A
_SCHEME: Final = 0x32
_UNREAD_TEXTS: Final = (0x3A, 0x42)
"""Query and fragment. `path` contains them as well."""
_SIZE: Final = 0x48
"""The only field that is a number, so its tag ends in 0."""
_PROTOCOL: Final = 0x52
_BODIES: Final = (0x5A, 0x62)


def read(message: bytes, metadata: Metadata, address: ClientAddress) -> "FastRequest | None":
    """Return the Check's attributes, or None if the protobuf reader has to read this message."""
    request = FastRequest(message, metadata, address)
    return request if request.find_fields() else None


class FastRequest(FastFields):
    """A Check that the fast reader has read."""

    __slots__ = ()

    def find_fields(self) -> bool:
        """Note where the fields are. False if the message is not what Envoy normally writes."""
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
            elif not self._take_attribute(tag, start, at):
                return False
        return has_request

    def _take_attribute(self, tag: int, start: i64, stop: i64) -> bool:
        if tag == _SOURCE:
            self._source = (start, stop)
        elif tag == _METADATA:
            self._filter_metadata = (start, stop)
        elif tag == _DESTINATION:
            self._destination = (start, stop)
        elif tag == _ROUTE_METADATA:
            return self._take_route(start, stop)
        else:
            return tag == _TLS_SESSION
        return True

    def _take_route(self, start: i64, stop: i64) -> bool:
        if start == stop:
            return True
        # Protobuf would merge a second one with the first.
        if self._has_route:
            return False
        self._has_route = True
        route = route_of(self._octets[start:stop])
        self._route_metadata = route or ""
        return route is not None

    def _take_extension(self, start: i64, stop: i64) -> bool:
        octets = self._octets
        unchecked = entry_checked(octets, start, stop, start)
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
        elif key == b"api_chosen_by_host":
            self.chosen_by_host = value == TRUE
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
                if has_http or not self._find_http_fields(start, at):
                    return False
                has_http = True
            elif tag != _TIME:
                return False
        return has_http

    def _find_http_fields(self, at: i64, end: i64) -> bool:
        octets = self._octets
        unchecked = at
        """Text from here on is not known to be ASCII yet. -1 means that some text is not ASCII."""
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
                unchecked = text_checked(octets, unchecked, at, stop)
            else:
                if start - at > 2:  # a length of two bytes or more is not ASCII
                    unchecked = text_checked(octets, unchecked, at + 1, start)
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
        return entry_checked(self._octets, start, stop, unchecked)

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
