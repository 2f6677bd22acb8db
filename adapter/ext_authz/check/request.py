# mypyc: compiled
"""The request attributes of a Check, as far as they are the same for both readers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mypy_extensions import i64

from adapter.ext_authz.check.jwt_payloads import jwt_payloads
from adapter.ext_authz.check.peer import PRINCIPAL, peer
from adapter.policy.bindings import has_workload_identity
from adapter.policy.request.attributes import is_connection, may_override_method, odd_names
from adapter.policy.verdicts import Deny, DenyReason
from adapter.transport.service import Metadata

MOST_HEADERS: Final = 250
"""A request with more headers is denied. Envoy's own limit is 100 by default."""

TOO_MANY_HEADERS: Final = Deny(
    DenyReason.MALFORMED_REQUEST,
    431,
    "Too many header fields",
    detail=f"more than {MOST_HEADERS:,} headers; lower max_headers_count in Envoy's "
    "common_http_protocol_options, whose default is 100",
)

ROUTE_NAME_METADATA: Final = "x-route-name"
"""The gRPC metadata with the route's name: `initial_metadata` sets it to `%ROUTE_NAME%`."""

API_ID: Final = "api_id"
"""The key in a route's `context_extensions` whose value is the id of its API."""
CLIENT_ADDRESS: Final = "client_address"
ATTESTED: Final = "attested"
"""With this key and value a route says that Envoy overwrites the header with the address."""
API_CHOSEN_BY: Final = "api_chosen_by"
BY_PATH: Final = "path"
"""With this key and value a route says that its API depends on the path."""
CHOSEN_BY_HOST: Final = "api_chosen_by_host"
TRUE: Final = "true"
"""With this key and value a route says that its API depends on the host.

It is a key of its own, because Envoy merges a route's keys with those of its virtual host.
"""

ADDRESS_HEADER: Final = "x-adapter-client-address"
"""The header with the client's address, unless a setting names another one."""

TIMEOUT_METADATA: Final = "x-envoy-expected-rq-timeout-ms"
"""The gRPC metadata with the milliseconds that Envoy waits for the answer."""


class ClientAddress:
    """Finds the client's address where Envoy attests it. The operator chooses one of three places.

    - `header`: a request header that Envoy overwrites on all routes.
    - `forwarded_for_position` n: the n-th entry of `x-forwarded-for` from the right, counted
      from 1. For example, 2 finds `203.0.113.7` in `6.6.6.6, 203.0.113.7, 10.0.0.1`.
    - Neither: `ADDRESS_HEADER`, but only on routes that say that Envoy overwrites it. On other
      routes a client could have sent the header.
    """

    def __init__(self, header: str | None, forwarded_for_position: int | None) -> None:
        self._header = (header or "").lower()
        self._position = forwarded_for_position

    def find(self, request: "EnvoyRequest") -> str | None:
        """The address as it is written there; None if Envoy attests none."""
        if self._position is not None:
            return self._forwarded(request, self._position)
        if self._header:
            return request.header(self._header) or None
        return (request.header(ADDRESS_HEADER) or None) if request.is_address_attested else None

    def _forwarded(self, request: "EnvoyRequest", position: int) -> str | None:
        if has_workload_identity(request):
            return None
        entries = (request.header("x-forwarded-for") or "").rsplit(",", position)
        if len(entries) < position:
            return None
        return without_port(entries[-position].strip()) or None


class EnvoyRequest:
    """The `RequestAttributes` of one Check. Each reader has a subclass that reads the message."""

    __slots__ = (
        "_address",
        "_metadata",
        "api_id",
        "check_id",
        "chosen_by_host",
        "chosen_by_path",
        "is_address_attested",
        "method",
    )

    def __init__(self, metadata: Metadata, address: ClientAddress) -> None:
        self._metadata = metadata
        self._address = address
        self.api_id = ""
        self.chosen_by_path = False
        self.chosen_by_host = False
        self.is_address_attested = False
        """Whether the route says that Envoy overwrites `ADDRESS_HEADER`."""
        self.check_id = ""
        self.method = ""

    def header(self, name: str) -> str | None:
        """See `RequestAttributes`."""
        # Names are ASCII (RFC 9110, 5.1). For other names the protobuf library may raise an error.
        return self.headers.get(name) if name.isascii() else None

    @property
    def headers(self) -> Mapping[str, str]:
        """See `RequestAttributes`."""
        raise NotImplementedError

    def odd_names(self, lengths: i64, prefix: bytes = b"") -> Sequence[str]:
        """See `RequestAttributes`."""
        return odd_names(self.headers, lengths, prefix)

    @property
    def may_override_method(self) -> bool:
        """See `RequestAttributes`."""
        return may_override_method(self.headers)

    @property
    def path(self) -> str:
        """See `RequestAttributes`."""
        raise NotImplementedError

    @property
    def authority(self) -> str:
        """See `RequestAttributes`."""
        raise NotImplementedError

    @property
    def scheme(self) -> str:
        """See `RequestAttributes`."""
        raise NotImplementedError

    @property
    def protocol(self) -> str:
        """See `RequestAttributes`."""
        raise NotImplementedError

    @property
    def route_metadata(self) -> str:
        """See `RequestAttributes`."""
        raise NotImplementedError

    @property
    def source(self) -> bytes:
        """Envoy's `source`: a `Peer`, encoded. If it comes twice, the last one counts."""
        raise NotImplementedError

    @property
    def destination(self) -> bytes:
        """Envoy's `destination`, like `source`."""
        raise NotImplementedError

    @property
    def filter_metadata(self) -> bytes:
        """Envoy's `metadata_context`: a `Metadata`, encoded. The last one counts."""
        raise NotImplementedError

    @property
    def principal(self) -> str:
        """See `RequestAttributes`."""
        return peer(self.source).principal

    @property
    def certificate(self) -> str:
        """See `RequestAttributes`."""
        return peer(self.source).certificate

    @property
    def destination_principal(self) -> str:
        """See `RequestAttributes`."""
        octets = self.destination
        return peer(octets).principal if PRINCIPAL in octets else ""

    @property
    def destination_port(self) -> int:
        """See `RequestAttributes`."""
        return peer(self.destination).address.socket_address.port_value

    @property
    def envoy_payloads(self) -> Mapping[str, Any]:
        """See `RequestAttributes`."""
        return jwt_payloads(self.filter_metadata)

    @property
    def client_address(self) -> str | None:
        """See `RequestAttributes`."""
        if not self.method and is_connection(self):
            return peer(self.source).address.socket_address.address or None
        return self._address.find(self)

    @property
    def route_name(self) -> str:
        """See `RequestAttributes`."""
        return self._metadata.get(ROUTE_NAME_METADATA, "")

    @property
    def timeout_ms(self) -> str:
        """See `RequestAttributes`."""
        return self._metadata.get(TIMEOUT_METADATA, "")


def without_port(address: str) -> str:
    """Remove the port that some proxies write: `203.0.113.7:4711` or `[2001:db8::1]:4711`.

    Any other text is returned as it is.
    """
    host, bracket, rest = address.removeprefix("[").partition("]")
    if address.startswith("["):
        return host if bracket and (not rest or _is_port(rest)) else address
    host, _, port = address.partition(":")
    return host if _is_port(f":{port}") else address


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdecimal() and len(text) <= len(":65535")
