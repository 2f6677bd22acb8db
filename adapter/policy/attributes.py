"""What a policy may see of a request."""

from collections.abc import Mapping
from typing import Final, NamedTuple

_MAX_DIGITS: Final = 15


class RequestAttributes(NamedTuple):
    """A request as Envoy attests it; nothing here is ours.

    A NamedTuple because one is made for every Check: it is immutable and cheap to build.
    """

    check_id: str
    """`attributes.request.http.id`: the same when Envoy retries; clients can't choose it."""
    method: str
    path: str
    """Path and query, exactly as Envoy will forward them."""
    authority: str
    scheme: str
    protocol: str
    headers: Mapping[str, str]
    """By lower-case name; repeated headers are joined by a comma, cookies too."""
    client_address: str | None
    """As it stands where the operator says that Envoy attests it; None: not attested."""
    api_id: str = ""
    """`context_extensions.api_id` of the route; empty if the route names no API."""
    route_name: str = ""
    """Envoy's route name, from gRPC metadata; empty if not sent."""
    route_metadata: str = ""
    """The route by `route_metadata_context`, such as `kind/namespace/name`; may be empty."""
    timeout_ms: str = ""
    """How long Envoy waits for our answer, in its words; read only where something waits."""

    @property
    def is_http(self) -> bool:
        """False for a Check by the network filter, which has no HTTP part."""
        return bool(self.method)

    @property
    def is_grpc(self) -> bool:
        """Whether the client speaks gRPC, and so reads `grpc-status`."""
        return self.headers.get("content-type", "").startswith("application/grpc")

    @property
    def timeout_s(self) -> float | None:
        """The same in seconds; None if Envoy did not say."""
        given = self.timeout_ms
        return int(given) / 1000 if given.isdecimal() and len(given) <= _MAX_DIGITS else None

    @property
    def path_only(self) -> str:
        """The path without its query."""
        return self.path.partition("?")[0]
