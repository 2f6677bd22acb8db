"""The Checks that are sent: as Envoy 1.40 writes them, each a little different.

Copied from a capture with `encode_raw_headers` and built with Envoy's own message definitions;
741 octets long. What differs from one to the next is what differs behind an Envoy, too: the Check's
id, the request's id, the API, the client and, where wanted, the client's address.
"""

import random
from dataclasses import dataclass
from typing import Final

from envoy.service.auth.v3.external_auth_pb2 import CheckRequest

from benchmarks.catalog import SECRET, CatalogSize, api_id, client_id

TOKEN: Final = "the-secret-that-tells-us-our-envoy"

_AUTHORITY: Final = "api.example.com:8080"
_SEED: Final = 20_260
_HEADERS: Final = {
    ":authority": _AUTHORITY,
    ":path": "/orders/4711?status=open&page=2",
    ":method": "GET",
    ":scheme": "http",
    "user-agent": "python-httpx/0.28.1",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate, br, zstd",
    "accept-language": "en",
    "referer": "https://www.example.com/customers/17290",
    "client_secret": SECRET,
    "x-forwarded-proto": "http",
}


@dataclass(frozen=True, slots=True)
class Workload:
    """What one run's Checks are about."""

    size: CatalogSize = CatalogSize()
    addresses: int = 1
    """Different client addresses."""
    traced: bool = False
    """Whether each call brings a `traceparent` of its own, as Envoys do that trace."""
    different: int = 20_000
    """How many different Checks there are, before they come again under the same ids."""

    def messages(self) -> list[bytes]:
        """Those Checks: the same ones each time."""
        choice = random.Random(_SEED)  # noqa: S311 - chooses a load, not a secret
        return [self._message(choice) for _ in range(self.different)]

    def one_message(self) -> bytes:
        """A Check for a client that can only repeat itself.

        It has no id, so that quotas don't take it for a retry that was charged already.
        """
        check = CheckRequest.FromString(self._message(random.Random(_SEED)))  # noqa: S311
        check.attributes.request.http.ClearField("id")
        return check.SerializeToString()

    def _message(self, choice: random.Random) -> bytes:
        api = choice.randrange(self.size.apis)
        client = choice.choice(self.size.contracts_of(api))
        address = choice.randrange(self.addresses)
        return _check(choice, api_id(api), client_id(client), _address(address))


def _address(number: int) -> str:
    """A client's address, of one length as well."""
    return f"10.101.{100 + number // 100}.{100 + number % 100}"


def _check(choice: random.Random, api: str, client: str, address: str) -> bytes:
    request_id = f"{choice.getrandbits(128):032x}"
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
    http.host, http.path = _AUTHORITY, _HEADERS[":path"]
    varied = {
        "client_id": client,
        "x-request-id": "-".join((request_id[:8], request_id[8:20], request_id[20:])),
        "x-forwarded-for": address,
        "x-adapter-client-address": address,
    }
    for name, value in {**_HEADERS, **varied}.items():
        http.header_map.headers.add(key=name, raw_value=value.encode())
    attributes.context_extensions["api_id"] = api
    attributes.metadata_context.SetInParent()
    attributes.route_metadata_context.SetInParent()
    return check.SerializeToString()
