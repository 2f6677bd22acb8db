# mypyc: compiled
"""Checks parsed by the protobuf library."""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError

from adapter.ext_authz.check.request import (
    API_CHOSEN_BY,
    API_ID,
    ATTESTED,
    BY_PATH,
    CLIENT_ADDRESS,
    MOST_HEADERS,
    ClientAddress,
    EnvoyRequest,
)
from adapter.messages.check_pb2 import AttributeContext, CheckRequest, HeaderValue, Metadata
from adapter.policy.verdicts import Deny, DenyReason
from adapter.transport import service

_SWAPPED: Final = bytes.maketrans(b"!?", b"?!")

NOT_A_CHECK: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    400,
    "Malformed request",
    detail="Envoy's message does not parse as a CheckRequest",
)
TOO_MANY_HEADERS: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    431,
    "Too many header fields",
    detail=f"more than {MOST_HEADERS:,} headers; lower max_headers_count in Envoy's "
    "common_http_protocol_options, whose default is 100",
)


def parse(
    message: bytes, metadata: service.Metadata, address: ClientAddress
) -> "ParsedRequest | Deny":
    """The attributes, or why there are none to decide by."""
    try:
        check = CheckRequest.FromString(message)
    except DecodeError:
        return NOT_A_CHECK
    http = check.attributes.request.http
    # Either form may have them; each header of a request that is read makes a Python object.
    if len(http.headers) > MOST_HEADERS or len(http.header_map.headers) > MOST_HEADERS:
        return TOO_MANY_HEADERS
    return ParsedRequest(check.attributes, metadata, address)


class ParsedRequest(EnvoyRequest):
    """A Check as a protobuf message.

    What every decision needs is read at once, the rest when it is asked for: each field that is
    read makes a Python object.
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
        self.is_address_attested = extensions.get(CLIENT_ADDRESS) == ATTESTED
        self.check_id = http.id
        self.method = http.method
        # Whichever form Envoy sent; it writes all names in lower case.
        self._headers: Mapping[str, str] = http.headers or _raw_headers(http)

    @property
    def headers(self) -> Mapping[str, str]:
        """Of either form."""
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
    def route_metadata(self) -> str:
        """Envoy's `route_metadata_context`."""
        return _route_metadata(self._attributes.route_metadata_context)


def _raw_headers(http: AttributeContext.HttpRequest) -> dict[str, str]:
    """The headers of an Envoy that was told `encode_raw_headers`."""
    raw = http.header_map.headers
    # No call for each header: there are more of them than of anything else in a Check.
    try:
        headers = {h.key: h.raw_value.decode() or h.value for h in raw}
    except UnicodeDecodeError:
        return _joined(raw)
    return headers if len(headers) == len(raw) else _joined(raw)


def _joined(raw: Iterable[HeaderValue]) -> dict[str, str]:
    """Repeated headers joined by a comma, like Envoy's other form; a cookie is no exception."""
    values: dict[str, list[str]] = {}
    for header in raw:
        value = _text(header.raw_value) or header.value
        values.setdefault(header.key, []).append(value)
    return {name: ",".join(each) for name, each in values.items()}


def _text(raw: bytes) -> str:
    """The text as Envoy's other form has it: each octet that is not UTF-8 becomes `!`."""
    # Python can put `?` there, so that `!` and `?` change places meanwhile. To search and replace
    # would take 3 ms of a header that a client makes as long as a request.
    text = raw.translate(_SWAPPED).decode("utf-8", "surrogateescape")
    return text.encode("utf-8", "replace").translate(_SWAPPED).decode()


def _route_metadata(metadata: Metadata) -> str:
    """Who the mesh's control plane says the route is.

    Envoy Gateway: `kind/namespace/name` of the first resource under `envoy-gateway`. Istio: the
    `config` under `istio`, as it is.
    """
    namespaces = metadata.filter_metadata
    if not namespaces:
        return ""
    if "envoy-gateway" in namespaces:
        resources = namespaces["envoy-gateway"].fields["resources"].list_value.values
        if not resources:
            return ""
        resource = resources[0].struct_value.fields
        return "/".join(resource[key].string_value for key in ("kind", "namespace", "name"))
    if "istio" in namespaces:
        return namespaces["istio"].fields["config"].string_value
    return ""
