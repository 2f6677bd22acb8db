"""From Envoy's CheckRequest to the attributes that policies see."""

from collections.abc import Iterable, Mapping
from typing import Final

from google.protobuf.message import DecodeError

from adapter.messages.check_pb2 import AttributeContext, CheckRequest, HeaderValue, Metadata
from adapter.policy.attributes import RequestAttributes
from adapter.transport import service

API_ID: Final = "api_id"
"""The key in the route's `context_extensions`."""
ROUTE_NAME_METADATA: Final = "x-route-name"
"""The gRPC metadata that `initial_metadata` fills with `%ROUTE_NAME%`."""

TIMEOUT_METADATA: Final = "x-envoy-expected-rq-timeout-ms"
"""The gRPC metadata in which Envoy says how long it waits for the answer."""


class RequestReader:
    """Reads Checks; knows where the operator has Envoy attest the client's address.

    That is a request header which Envoy itself sets (None: nowhere), or, with
    `forwarded_for_position` n, the n-th entry of `x-forwarded-for` from the right, counted from 1.
    """

    def __init__(
        self,
        client_address_header: str | None = "x-adapter-client-address",
        forwarded_for_position: int | None = None,
    ) -> None:
        self._address_header = (client_address_header or "").lower()
        self._position = forwarded_for_position

    def read(self, message: bytes, metadata: service.Metadata) -> RequestAttributes | None:
        """The attributes, or None where the bytes are no CheckRequest.

        Clients reach into this message: a string that is not UTF-8 must become a denial. An error
        would let the request pass under `failure_mode_allow`.
        """
        try:
            attributes = CheckRequest.FromString(message).attributes
        except DecodeError:
            return None
        http = attributes.request.http
        headers = _headers(http)
        # By position: to name the fields would cost as much as to read them.
        return RequestAttributes(
            http.id,
            http.method,
            http.path,
            http.host,
            http.scheme,
            http.protocol,
            headers,
            self._client_address(headers),
            attributes.context_extensions.get(API_ID, ""),
            metadata.get(ROUTE_NAME_METADATA, ""),
            _route_metadata(attributes.route_metadata_context),
            metadata.get(TIMEOUT_METADATA, ""),
        )

    def _client_address(self, headers: Mapping[str, str]) -> str | None:
        if self._position is None:
            return headers.get(self._address_header) or None
        entries = headers.get("x-forwarded-for", "").rsplit(",", self._position)
        return entries[-self._position].strip() or None if len(entries) >= self._position else None


def _headers(http: AttributeContext.HttpRequest) -> Mapping[str, str]:
    """The request's headers, whichever form Envoy sent; it writes all names in lower case."""
    raw = http.header_map.headers
    if not raw:
        return http.headers
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
