"""What every Check's attributes have in common, however its octets are read."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapter.policy.header_names import is_odd
from adapter.transport.service import Metadata

MOST_HEADERS: Final = 250
"""Headers of a request that we look at. Envoy's `max_request_headers_count` is 100 by default."""

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

    def find(self, request: "EnvoyRequest") -> str | None:
        """The address as it stands there; None where Envoy attests none."""
        if self._position is None:
            return request.header(self._header) or None
        entries = (request.header("x-forwarded-for") or "").rsplit(",", self._position)
        return entries[-self._position].strip() or None if len(entries) >= self._position else None


class EnvoyRequest:
    """The `policy.attributes.RequestAttributes` of one Check.

    Each way of reading one is a subclass, which adds what stands in the message itself.
    """

    __slots__ = ("_address", "_metadata", "api_id", "check_id", "method")

    def __init__(self, metadata: Metadata, address: ClientAddress) -> None:
        self._metadata = metadata
        self._address = address
        self.api_id = ""
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
