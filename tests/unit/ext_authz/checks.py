"""CheckRequests as Envoy writes them, made with Envoy's own message definitions."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest


def check_request(
    headers: Iterable[tuple[str, str | bytes]] = (),
    *,
    raw: bool = True,
    api_id: str = "1",
    extensions: Mapping[str, str] = MappingProxyType({}),
    **http: Any,
) -> CheckRequest:
    """A Check of `GET /orders?status=open`, with headers in either form."""
    check = CheckRequest()
    attributes = check.attributes
    attributes.source.address.socket_address.address = "127.0.0.1"
    attributes.request.time.FromMilliseconds(1_700_000_000_250)
    fields = {"id": "42", "method": "GET", "path": "/orders?status=open", "host": "api.test:8080"}
    for name, value in {**fields, "scheme": "http", "protocol": "HTTP/1.1", **http}.items():
        setattr(attributes.request.http, name, value)
    for name, value in headers:
        if raw:
            bytes_of = value.encode() if isinstance(value, str) else value
            attributes.request.http.header_map.headers.add(key=name, raw_value=bytes_of)
        else:
            attributes.request.http.headers[name] = str(value)
    if api_id:
        attributes.context_extensions["api_id"] = api_id
    for name, text in extensions.items():
        attributes.context_extensions[name] = text
    attributes.metadata_context.SetInParent()
    attributes.route_metadata_context.SetInParent()
    return check
