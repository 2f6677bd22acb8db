# mypyc: compiled
"""What every Check's attributes have in common, however its octets are read."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapter.policy.request.header_spelling import is_odd
from adapter.transport.service import Metadata

MOST_HEADERS: Final = 250
"""Headers of a request that we look at. Envoy's `max_request_headers_count` is 100 by default."""

ROUTE_NAME_METADATA: Final = "x-route-name"
"""The gRPC metadata that `initial_metadata` fills with `%ROUTE_NAME%`."""

API_ID: Final = "api_id"
"""The key in the route's `context_extensions` that names its API."""
CLIENT_ADDRESS: Final = "client_address"
ATTESTED: Final = "attested"
"""The key and the value that say: Envoy overwrites the header with the client's address here."""
API_CHOSEN_BY: Final = "api_chosen_by"
BY_PATH: Final = "path"
"""The key and the value that say: with another path the request would be of another API."""

ADDRESS_HEADER: Final = "x-adapter-client-address"
"""Where the client's address stands unless a setting names another header."""

TIMEOUT_METADATA: Final = "x-envoy-expected-rq-timeout-ms"
"""The gRPC metadata in which Envoy says how long it waits for the answer."""


class ClientAddress:
    """Knows where the operator has Envoy attest the client's address.

    That is a request header which Envoy overwrites on all routes, or, with
    `forwarded_for_position` n, the n-th entry of `x-forwarded-for` from the right, counted from 1.
    With neither, it is `ADDRESS_HEADER` on routes that say so, and nothing on others: there a
    client could have sent the header.
    """

    def __init__(self, header: str | None, forwarded_for_position: int | None) -> None:
        self._header = (header or "").lower()
        self._position = forwarded_for_position

    def find(self, request: "EnvoyRequest") -> str | None:
        """The address as it stands there; None where Envoy attests none."""
        if self._position is not None:
            return self._forwarded(request, self._position)
        if self._header:
            return request.header(self._header) or None
        return (request.header(ADDRESS_HEADER) or None) if request.is_address_attested else None

    def _forwarded(self, request: "EnvoyRequest", position: int) -> str | None:
        entries = (request.header("x-forwarded-for") or "").rsplit(",", position)
        if len(entries) < position:
            return None
        return without_port(entries[-position].strip()) or None


class EnvoyRequest:
    """The `policy.request.attributes.RequestAttributes` of one Check.

    Each way of reading one is a subclass, which adds what stands in the message itself.
    """

    __slots__ = (
        "_address",
        "_metadata",
        "api_id",
        "check_id",
        "chosen_by_path",
        "is_address_attested",
        "method",
    )

    def __init__(self, metadata: Metadata, address: ClientAddress) -> None:
        self._metadata = metadata
        self._address = address
        self.api_id = ""
        self.chosen_by_path = False
        self.is_address_attested = False
        """Whether the route says that Envoy overwrites `ADDRESS_HEADER`."""
        self.check_id = ""
        self.method = ""

    def header(self, name: str) -> str | None:
        """See `RequestAttributes`, here and below."""
        # Names are ASCII (RFC 9110, 5.1); of others the library may raise an error.
        return self.headers.get(name) if name.isascii() else None

    @property
    def headers(self) -> Mapping[str, str]:
        """In the message."""
        raise NotImplementedError

    @property
    def odd_names(self) -> Sequence[str]:
        """From the headers."""
        return [name for name in self.headers if is_odd(name)]

    @property
    def path(self) -> str:
        """In the message."""
        raise NotImplementedError

    @property
    def authority(self) -> str:
        """In the message."""
        raise NotImplementedError

    @property
    def scheme(self) -> str:
        """In the message."""
        raise NotImplementedError

    @property
    def protocol(self) -> str:
        """In the message."""
        raise NotImplementedError

    @property
    def route_metadata(self) -> str:
        """In the message."""
        raise NotImplementedError

    @property
    def client_address(self) -> str | None:
        """From the headers."""
        return self._address.find(self)

    @property
    def route_name(self) -> str:
        """From the call's metadata."""
        return self._metadata.get(ROUTE_NAME_METADATA, "")

    @property
    def timeout_ms(self) -> str:
        """From the call's metadata."""
        return self._metadata.get(TIMEOUT_METADATA, "")


def without_port(address: str) -> str:
    """The address of `203.0.113.7:4711` or `[2001:db8::1]:4711`, as some proxies write entries.

    Text that is neither stays as it is.
    """
    host, bracket, rest = address.removeprefix("[").partition("]")
    if address.startswith("["):
        return host if bracket and (not rest or _is_port(rest)) else address
    host, _, port = address.partition(":")
    return host if _is_port(f":{port}") else address


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdecimal() and len(text) <= len(":65535")
