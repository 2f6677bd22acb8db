# mypyc: compiled
"""What a policy may see of a request."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from adapter.policy.request.header_spelling import is_odd

_MAX_DIGITS: Final = 15
_GRPC: Final = "application/grpc"
_GRPC_WITH_FORMAT: Final = "application/grpc+"


class RequestAttributes(Protocol):
    """A request as Envoy attests it; nothing here is ours, and nothing changes.

    A Protocol, because most Checks are decided by few of these: the edge reads the others from
    Envoy's message only when they are asked for.
    """

    @property
    def check_id(self) -> str:
        """`attributes.request.http.id`: the same when Envoy retries; clients can't choose it."""

    @property
    def method(self) -> str:
        """Empty for a Check by the network filter, which has no HTTP part."""

    @property
    def path(self) -> str:
        """Path and query, exactly as Envoy will forward them."""

    @property
    def authority(self) -> str:
        """As the client sent it."""

    @property
    def scheme(self) -> str:
        """`http` or `https`."""

    @property
    def protocol(self) -> str:
        """Such as `HTTP/1.1`."""

    def header(self, name: str) -> str | None:
        """The header of that lower-case name; repeated ones are joined by a comma, cookies too."""

    @property
    def headers(self) -> Mapping[str, str]:
        """All of them, by name; dear where `header` would do."""

    @property
    def odd_names(self) -> Sequence[str]:
        """Names of headers that are not spelled with hyphens: see `header_spelling`."""

    @property
    def client_address(self) -> str | None:
        """As it stands where the operator says that Envoy attests it; None: not attested."""

    @property
    def api_id(self) -> str:
        """`context_extensions.api_id` of the route; empty if the route names no API."""

    @property
    def chosen_by_path(self) -> bool:
        """Whether the route says that with another path it would be of another API, or of none."""

    @property
    def route_name(self) -> str:
        """Envoy's route name, from gRPC metadata; empty if not sent."""

    @property
    def route_metadata(self) -> str:
        """The route by `route_metadata_context`, such as `kind/namespace/name`; may be empty."""

    @property
    def timeout_ms(self) -> str:
        """How long Envoy waits for our answer, in its words; read only where something waits."""


class GivenAttributes(NamedTuple):
    """Attributes that are all at hand: what an access log entry tells of a request, say."""

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

    def header(self, name: str) -> str | None:
        """See `RequestAttributes`."""
        return self.headers.get(name)

    @property
    def odd_names(self) -> Sequence[str]:
        """See `RequestAttributes`."""
        return [name for name in self.headers if is_odd(name)]


def path_of(request: RequestAttributes) -> str:
    """The path without its query."""
    return request.path.partition("?")[0]


def is_grpc(request: RequestAttributes) -> bool:
    """Whether Envoy takes the client for one that speaks gRPC, and so reads `grpc-status`.

    Envoy goes by the content type alone, and tells it by its exact letters: gRPC-Web, a parameter
    or a capital letter make it another type (measured with Envoy 1.36 and 1.40).
    """
    content_type = request.header("content-type") or ""
    return content_type == _GRPC or content_type.startswith(_GRPC_WITH_FORMAT)


def timeout_s(request: RequestAttributes) -> float | None:
    """How long Envoy waits for our answer, in seconds; None if it did not say."""
    given = request.timeout_ms
    return int(given) / 1000 if given.isdecimal() and len(given) <= _MAX_DIGITS else None
