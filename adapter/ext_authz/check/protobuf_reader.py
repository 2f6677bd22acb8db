# mypyc: compiled
"""The protobuf reader of Checks: parses a message with the protobuf library.

It reads every message that the fast reader leaves alone, and it alone decides what is not a Check.
In a build that is not compiled it reads all Checks.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError

from adapter.ext_authz.check.request import (
    API_CHOSEN_BY,
    API_ID,
    ATTESTED,
    BY_PATH,
    CHOSEN_BY_HOST,
    CLIENT_ADDRESS,
    MOST_HEADERS,
    TOO_MANY_HEADERS,
    TRUE,
    ClientAddress,
    EnvoyRequest,
)
from adapter.ext_authz.check.route_metadata import route_in
from adapter.messages.check_pb2 import AttributeContext, CheckRequest, HeaderValue
from adapter.policy.verdicts import Deny, DenyReason
from adapter.transport import service

_SWAPPED: Final = bytes.maketrans(b"!?", b"?!")

NOT_A_CHECK: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    400,
    "Malformed request",
    detail="Envoy's message does not parse as a CheckRequest",
)


def read(
    message: bytes, metadata: service.Metadata, address: ClientAddress
) -> "ProtobufRequest | Deny":
    """Return the attributes, or a denial if the message is not a Check that we can decide."""
    try:
        check = CheckRequest.FromString(message)
    except DecodeError:
        return NOT_A_CHECK
    http = check.attributes.request.http
    # Envoy sends headers in one of two forms. Each header that is read creates a Python object.
    if len(http.headers) > MOST_HEADERS or len(http.header_map.headers) > MOST_HEADERS:
        return TOO_MANY_HEADERS
    return ProtobufRequest(check.attributes, metadata, address)


class ProtobufRequest(EnvoyRequest):
    """A Check that the protobuf reader has read.

    Each field that is read creates a Python object. So the constructor reads only what every
    decision needs, and the other fields are read when a policy asks for them.
    """

    __slots__ = ("_attributes", "_headers", "_http")

    def __init__(
        self, attributes: AttributeContext, metadata: service.Metadata, address: ClientAddress
    ) -> None:
        super().__init__(metadata, address)
        http = attributes.request.http
        self._attributes = attributes
        self._http = http
        extensions = attributes.context_extensions
        self.api_id = extensions.get(API_ID, "")
        self.chosen_by_path = extensions.get(API_CHOSEN_BY) == BY_PATH
        self.chosen_by_host = extensions.get(CHOSEN_BY_HOST) == TRUE
        self.is_address_attested = extensions.get(CLIENT_ADDRESS) == ATTESTED
        self.check_id = http.id
        self.method = http.method
        # Envoy sends one of the two forms. It writes all names in lower case.
        self._headers: Mapping[str, str] = http.headers or _raw_headers(http)

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers, whichever form Envoy sent."""
        return self._headers

    @property
    def path(self) -> str:
        """Envoy's `path`."""
        return self._http.path

    @property
    def authority(self) -> str:
        """Envoy's `host`."""
        return self._http.host

    @property
    def scheme(self) -> str:
        """Envoy's `scheme`."""
        return self._http.scheme

    @property
    def protocol(self) -> str:
        """Envoy's `protocol`."""
        return self._http.protocol

    @property
    def source(self) -> bytes:
        """Envoy's `source`."""
        return self._attributes.source

    @property
    def destination(self) -> bytes:
        """Envoy's `destination`."""
        return self._attributes.destination

    @property
    def filter_metadata(self) -> bytes:
        """Envoy's `metadata_context`."""
        return self._attributes.metadata_context

    @property
    def route_metadata(self) -> str:
        """Envoy's `route_metadata_context`."""
        return route_in(self._attributes.route_metadata_context)


def _raw_headers(http: AttributeContext.HttpRequest) -> dict[str, str]:
    """The headers of an Envoy that is configured with `encode_raw_headers`."""
    raw = http.header_map.headers
    # No function call for each header: a Check has more headers than anything else.
    try:
        headers = {h.key: h.raw_value.decode() or h.value for h in raw}
    except UnicodeDecodeError:
        return _joined(raw)
    return headers if len(headers) == len(raw) else _joined(raw)


def _joined(raw: Iterable[HeaderValue]) -> dict[str, str]:
    """Repeated headers joined by a comma, as in Envoy's other form, cookies included."""
    values: dict[str, list[str]] = {}
    for header in raw:
        value = _text(header.raw_value) or header.value
        values.setdefault(header.key, []).append(value)
    return {name: ",".join(each) for name, each in values.items()}


def _text(raw: bytes) -> str:
    """The text as in Envoy's other form: each byte that is not UTF-8 becomes `!`.

    For example, the Latin-1 bytes of `café` become `caf!`.
    """
    # Python's codec writes `?` for such bytes, so we swap `!` and `?` before and after. A search
    # for them would take 3 ms for the longest header that a client can send.
    text = raw.translate(_SWAPPED).decode("utf-8", "surrogateescape")
    return text.encode("utf-8", "replace").translate(_SWAPPED).decode()
