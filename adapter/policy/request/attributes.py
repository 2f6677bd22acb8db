# mypyc: compiled
"""What a policy can see of a request."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

from mypy_extensions import i64

from adapter.policy.request.header_spelling import dashed, is_odd, length_bit, length_bits

_MAX_DIGITS: Final = 15
_GRPC: Final = "application/grpc"
_GRPC_WITH_FORMAT: Final = "application/grpc+"

METHOD_OVERRIDES: Final = ("x-http-method-override", "x-http-method", "x-method-override")
"""Headers from which some servers take the method, instead of the method itself."""
OVERRIDE_LENGTHS: Final[i64] = length_bits(METHOD_OVERRIDES)


class RequestAttributes(Protocol):
    """A request as Envoy attests it. It is immutable and holds nothing of ours.

    It is a Protocol because most Checks need few of these attributes. The edge reads an attribute
    from Envoy's message when a policy asks for it.
    """

    @property
    def check_id(self) -> str:
        """`attributes.request.http.id`: the same if Envoy retries; clients cannot choose it."""

    @property
    def method(self) -> str:
        """The HTTP method; empty for a Check of the network filter, which has no HTTP part."""

    @property
    def path(self) -> str:
        """Path and query, exactly as Envoy will forward them."""

    @property
    def authority(self) -> str:
        """The host, as the client sent it."""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""

    @property
    def protocol(self) -> str:
        """Such as `HTTP/1.1`."""

    def header(self, name: str) -> str | None:
        """The header of that lower-case name; Envoy joins repeated ones by a comma, cookies too."""

    @property
    def headers(self) -> Mapping[str, str]:
        """All headers by lower-case name. If one header is enough, `header` costs much less."""

    def odd_names(self, lengths: i64, prefix: bytes = b"") -> Sequence[str]:
        """Names of headers that are not spelled with hyphens: see `header_spelling`.

        Only names of these lengths: see `header_spelling.length_bits`. With a prefix, which is
        spelled with hyphens, also all names that begin with it in any spelling.
        """

    @property
    def may_override_method(self) -> bool:
        """False if no header is one of `METHOD_OVERRIDES`, in any spelling.

        It is a quick test: True means that the caller has to look.
        """

    @property
    def client_address(self) -> str | None:
        """The client's address, from where the operator says that Envoy attests it; else None.

        Of a TCP connection, it is the address of the peer.
        """

    @property
    def principal(self) -> str:
        """`source.principal`: who the client's certificate says that it is; may be empty."""

    @property
    def certificate(self) -> str:
        """`source.certificate`: the client's certificate in URL-encoded PEM; may be empty."""

    @property
    def envoy_payloads(self) -> Mapping[str, Any]:
        """What Envoy's `jwt_authn` filter wrote into its metadata: payloads of verified tokens.

        They have the names that `payload_in_metadata` gives them. JSON values; numbers are floats.
        """

    @property
    def api_id(self) -> str:
        """`context_extensions.api_id` of the route; empty if the route names no API."""

    @property
    def chosen_by_path(self) -> bool:
        """Whether Envoy's route chose the API by the path."""

    @property
    def chosen_by_host(self) -> bool:
        """Whether the route says that with another host it would be of another API, or of none."""

    @property
    def route_name(self) -> str:
        """Envoy's route name, from gRPC metadata; empty if not sent."""

    @property
    def route_metadata(self) -> str:
        """The route from `route_metadata_context`; may be empty.

        Such as `kind/namespace/name` or, if its rule has a name, `kind/namespace/name#rule`.
        """

    @property
    def destination_principal(self) -> str:
        """`destination.principal`: who Envoy's own certificate says that it is; may be empty."""

    @property
    def destination_port(self) -> int:
        """The port that the client has connected to; 0 if it is a Unix socket."""

    @property
    def timeout_ms(self) -> str:
        """How long Envoy waits for our response, in milliseconds, as text."""


class GivenAttributes(NamedTuple):
    """Attributes that are all known, for example from an access log entry."""

    check_id: str = ""
    method: str = ""
    path: str = ""
    authority: str = ""
    scheme: str = ""
    protocol: str = ""
    headers: Mapping[str, str] = {}
    client_address: str | None = None
    api_id: str = ""
    route_name: str = ""
    route_metadata: str = ""
    timeout_ms: str = ""
    chosen_by_path: bool = False
    chosen_by_host: bool = False
    principal: str = ""
    certificate: str = ""
    envoy_payloads: Mapping[str, Any] = {}
    destination_principal: str = ""
    destination_port: int = 0

    def header(self, name: str) -> str | None:
        """See `RequestAttributes`."""
        return self.headers.get(name)

    def odd_names(self, lengths: i64, prefix: bytes = b"") -> Sequence[str]:
        """See `RequestAttributes`."""
        return odd_names(self.headers, lengths, prefix)

    @property
    def may_override_method(self) -> bool:
        """See `RequestAttributes`."""
        return may_override_method(self.headers)


def odd_names(headers: Mapping[str, str], lengths: i64, prefix: bytes) -> Sequence[str]:
    """See `RequestAttributes`."""
    own = prefix.decode()
    return [
        name
        for name in headers
        if (lengths & length_bit(len(name)) and is_odd(name))
        or (own and dashed(name).startswith(own))
    ]


def may_override_method(headers: Mapping[str, str]) -> bool:
    """See `RequestAttributes`: whether a name begins like `x-http...` or `x-method...`."""
    return any(len(name) > 4 and name[0] == "x" and name[2] in "hm" for name in headers)


def path_of(request: RequestAttributes) -> str:
    """The path without its query."""
    return request.path.partition("?")[0]


def is_connection(request: RequestAttributes) -> bool:
    """Whether this is a TCP connection: a Check of the network filter, without any HTTP part."""
    return not (request.method or request.path or request.authority or request.headers)


def is_grpc(request: RequestAttributes) -> bool:
    """Whether Envoy takes the client for a gRPC client, and so sends it a `grpc-status`.

    Envoy compares the content type exactly: gRPC-Web, a parameter or a capital letter make it
    another type (measured with Envoy 1.36 and 1.40).
    """
    content_type = request.header("content-type") or ""
    return content_type == _GRPC or content_type.startswith(_GRPC_WITH_FORMAT)


def timeout_s(request: RequestAttributes) -> float | None:
    """How long Envoy waits for our response, in seconds; None if it does not say."""
    given = request.timeout_ms
    return int(given) / 1000 if given.isdecimal() and len(given) <= _MAX_DIGITS else None
