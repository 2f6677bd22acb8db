"""The Checks to send, as Envoy 1.40 writes them. No two are the same.

They follow a capture of Envoy with the configuration of `benchmarks.gateway`, and use Envoy's own
message definitions. They have 766 bytes, or 769 with `encode_raw_headers`. They differ as with a
real Envoy: in the ids of Check and request, the API, the client and, optionally, its address.
"""

import random
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest

from benchmarks.catalog import SECRET, USUAL, CatalogSize, api_id, client_id
from benchmarks.tokens import bearer

TOKEN: Final = "the-secret-that-tells-us-our-envoy"  # noqa: S105 - made up
"""The token in each call's metadata."""
PATH: Final = "/orders/4711?status=open&page=2"

_ROUTE: Final = {"resources": [{"kind": "HTTPRoute", "namespace": "default", "name": "orders"}]}
_AUTHORITY: Final = "api.example.com:8080"


@dataclass(frozen=True, slots=True)
class Workload:
    """The Checks of one run."""

    size: CatalogSize = USUAL
    addresses: int = 1
    """The number of different client addresses."""
    traced: bool = False
    """Whether each call has a new `traceparent`, as from an Envoy with tracing."""
    raw_headers: bool = False
    """Whether Envoy's `encode_raw_headers` is on."""
    route_metadata: bool = False
    """Whether the route has metadata, as from Envoy Gateway with `includeRouteMetadata`."""
    authorization: str = ""
    """What each request has in this header, if anything."""
    tokens: str = ""
    """The algorithm of the token that each client sends in that header, if it sends one."""
    different: int = 20_000
    """The number of different Checks before they repeat with the same ids. It is more than the
    quota store remembers; otherwise it would treat them as retries."""

    def messages(self) -> list[bytes]:
        """The Checks; the same in each call."""
        choice = self._choice()
        return [_octets(self._check(choice)) for _ in range(self.different)]

    def one_message(self) -> bytes:
        """A Check for a client that can only repeat one message.

        It has no id, so that the quota store does not treat it as a retry.
        """
        check = self._check(self._choice())
        check.attributes.request.http.ClearField("id")
        return _octets(check)

    def _choice(self) -> random.Random:
        """A generator per workload, so that workloads have different ids (same ids are retries)."""
        return random.Random(repr(self))  # noqa: S311 - chooses a load, not a secret

    def _check(self, choice: random.Random) -> CheckRequest:
        api = choice.randrange(self.size.apis)
        client = choice.choice(self.size.contracts_of(api))
        address = _address(choice.randrange(self.addresses))
        check = CheckRequest()
        attributes = check.attributes
        attributes.source.address.socket_address.address = address
        attributes.source.address.socket_address.port_value = choice.randrange(20_000, 60_000)
        attributes.destination.address.socket_address.address = "127.0.0.1"
        attributes.destination.address.socket_address.port_value = 8080
        attributes.request.time.FromNanoseconds(1_795_387_499_190_535_000)
        http = attributes.request.http
        http.id = str(choice.randrange(10**18, 10**19))
        http.method, http.scheme, http.protocol = "GET", "http", "HTTP/1.1"
        http.host, http.path = _AUTHORITY, PATH
        request_id = UUID(int=choice.getrandbits(128), version=4)
        headers = _headers(client_id(client), address, str(request_id))
        if self.authorization:
            headers["authorization"] = self.authorization
        if self.tokens:
            headers["authorization"] = bearer(self.tokens, client_id(client))
        if self.raw_headers:
            for name, value in headers.items():
                http.header_map.headers.add(key=name, raw_value=value.encode())
        else:
            http.headers.update(headers)
        attributes.context_extensions["api_id"] = api_id(api)
        attributes.context_extensions["client_address"] = "attested"
        attributes.metadata_context.SetInParent()
        attributes.route_metadata_context.SetInParent()
        if self.route_metadata:
            attributes.route_metadata_context.filter_metadata["envoy-gateway"].update(_ROUTE)
        return check


def _octets(check: CheckRequest) -> bytes:
    message: bytes = check.SerializeToString(deterministic=True)
    return message


def application_headers(client: str) -> dict[str, str]:
    """The headers that a client application sends."""
    return {
        "accept-encoding": "gzip, deflate",
        "user-agent": "python-httpx/0.28.1",
        "client_id": client,
        "client_secret": SECRET,
        "accept": "*/*",
        "referer": "https://www.example.com/customers/17290",
    }


def _headers(client: str, address: str, request_id: str) -> dict[str, str]:
    """The same, with the headers that Envoy adds, in Envoy's order."""
    return {
        ":authority": _AUTHORITY,
        ":path": PATH,
        ":method": "GET",
        ":scheme": "http",
        **application_headers(client),
        "x-forwarded-for": address,
        "x-forwarded-proto": "http",
        "x-envoy-external-address": address,
        "x-request-id": request_id,
        "x-adapter-client-address": address,
    }


def _address(number: int) -> str:
    """A client's address. All have the same length."""
    return f"10.101.{100 + number // 100}.{100 + number % 100}"
