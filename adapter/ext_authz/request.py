"""From Envoy's CheckRequest to the attributes that policies see."""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError

from adapter.messages.check_pb2 import AttributeContext, CheckRequest, HeaderValue, Metadata
from adapter.transport import service

API_ID: Final = "api_id"
"""The key in the route's `context_extensions`."""
ROUTE_NAME_METADATA: Final = "x-route-name"
"""The gRPC metadata that `initial_metadata` fills with `%ROUTE_NAME%`."""

TIMEOUT_METADATA: Final = "x-envoy-expected-rq-timeout-ms"
"""The gRPC metadata in which Envoy says how long it waits for the answer."""


class ClientAddress:
    """Knows where the operator has Envoy attest the client's address.

    That is a request header which Envoy itself sets (None: nowhere), or, with
    `forwarded_for_position` n, the n-th entry of `x-forwarded-for` from the right, counted from 1.
    """

    def __init__(self, header: str | None, forwarded_for_position: int | None) -> None:
        self._header = (header or "").lower()
        self._position = forwarded_for_position

    def find(self, headers: Mapping[str, str]) -> str | None:
        """The address as it stands there; None where Envoy attests none."""
        if self._position is None:
            return headers.get(self._header) or None
        entries = headers.get("x-forwarded-for", "").rsplit(",", self._position)
        return entries[-self._position].strip() or None if len(entries) >= self._position else None


class EnvoyRequest:
    """The `policy.attributes.RequestAttributes` of one Check.

    What every decision needs is read at once, the rest when it is asked for: each field that is
    read makes a Python object.
    """

    __slots__ = (
        "_address",
        "_attributes",
        "_http",
        "_metadata",
        "api_id",
        "check_id",
        "headers",
        "method",
    )

    def __init__(
        self, attributes: AttributeContext, metadata: service.Metadata, address: ClientAddress
    ) -> None:
        http = attributes.request.http
        self._attributes = attributes
        self._http = http
        self._metadata = metadata
        self._address = address
        self.api_id = attributes.context_extensions.get(API_ID, "")
        self.check_id = http.id
        self.method = http.method
        # Whichever form Envoy sent; it writes all names in lower case.
        self.headers: Mapping[str, str] = http.headers or _raw_headers(http)

    @property
    def path(self) -> str:
        """See `RequestAttributes`, here and below."""
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
    def client_address(self) -> str | None:
        """From the headers."""
        return self._address.find(self.headers)

    @property
    def route_name(self) -> str:
        """From the call's metadata."""
        return self._metadata.get(ROUTE_NAME_METADATA, "")

    @property
    def route_metadata(self) -> str:
        """Envoy's `route_metadata_context`."""
        return _route_metadata(self._attributes.route_metadata_context)

    @property
    def timeout_ms(self) -> str:
        """From the call's metadata."""
        return self._metadata.get(TIMEOUT_METADATA, "")


class RequestReader:
    """Reads Checks; see `ClientAddress` for its arguments."""

    def __init__(
        self,
        client_address_header: str | None = "x-adapter-client-address",
        forwarded_for_position: int | None = None,
    ) -> None:
        self._address = ClientAddress(client_address_header, forwarded_for_position)

    def read(self, message: bytes, metadata: service.Metadata) -> EnvoyRequest | None:
        """The attributes, or None where the bytes are no CheckRequest.

        Clients reach into this message: a string that is not UTF-8 must become a denial. An error
        would let the request pass under `failure_mode_allow`.
        """
        try:
            check = CheckRequest.FromString(message)
        except DecodeError:
            return None
        return EnvoyRequest(check.attributes, metadata, self._address)


def _raw_headers(http: AttributeContext.HttpRequest) -> dict[str, str]:
    """The headers of an Envoy that was told `encode_raw_headers`."""
    raw = http.header_map.headers
    # No call for each header: there are more of them than of anything else in a Check.
    headers = {h.key: h.raw_value.decode("utf-8", "replace") or h.value for h in raw}
    return headers if len(headers) == len(raw) else _joined(raw)


def _joined(raw: Iterable[HeaderValue]) -> dict[str, str]:
    """Repeated headers joined by a comma, like Envoy's other form; a cookie is no exception."""
    headers: dict[str, str] = {}
    for header in raw:
        name = header.key
        value = header.raw_value.decode("utf-8", "replace") or header.value
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


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
