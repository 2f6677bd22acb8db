"""The options of an Envoy configuration, and their validation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapter.envoy_config.addresses import ABSTRACT, UNIX, is_name
from adapter.errors import ConfigurationError

_ROUTE_PREFIX = "api-"


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """Requests for these domains, at or below this path, belong to this API."""

    api_id: str
    upstream: str
    """`host:port`; the host may be a name."""
    domains: tuple[str, ...] = ("*",)
    """`*` is safe here, because the route names the API, not the client's Host header."""
    path_prefix: str = "/"
    """Matches whole segments: `/pay` does not match `/payments`."""
    grpc: bool = False
    """Whether the upstream speaks HTTP/2."""

    @property
    def name(self) -> str:
        """The route's name in Envoy, which access log entries contain."""
        return f"{_ROUTE_PREFIX}{self.api_id}"


def api_of_route(name: str) -> str:
    """The id of the API whose route has this name; empty for other routes."""
    return name.removeprefix(_ROUTE_PREFIX) if name.startswith(_ROUTE_PREFIX) else ""


@dataclass(frozen=True, slots=True)
class AdapterTls:
    """PEM files for TLS between Envoy and the adapters. The paths are on Envoy's machine."""

    ca_file: str
    """CAs of the adapters' certificates. Each certificate must be for its adapter's address."""
    certificate_file: str | None = None
    """With `key_file`: Envoy's own certificate, for adapters that require one."""
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """PEM files for TLS between clients and Envoy. The paths are on Envoy's machine."""

    certificate_file: str
    key_file: str
    client_ca_file: str | None = None
    """CAs of the clients' certificates. If it is set, every client needs a certificate."""


@dataclass(frozen=True, slots=True)
class EnvoyConfig:
    """The options of an Envoy in front of the adapter."""

    apis: tuple[ApiRoute, ...]
    adapters: tuple[str, ...]
    """One address per adapter process: `host:port`, `unix:/path` or `unix-abstract:name`."""
    listen: str
    admin: str
    header_prefix: str
    """The prefix of the adapter's own headers: `requests.identity_header_prefix`."""
    client_address_header: str
    """Header that Envoy overwrites with the client's address."""
    token: str | None = field(default=None, repr=False)
    """The shared secret that Envoy sends to the adapter."""
    adapter_tls: AdapterTls | None = None
    """None: no TLS, for adapters on this host or on a private network."""
    listener_tls: ListenerTls | None = None
    """None: Envoy's listener has no TLS."""
    trusted_hops: int = 0
    """Trusted proxies in front of Envoy that append to `x-forwarded-for`."""
    check_timeout_s: float = 0.5
    health_interval_s: float = 1.0
    log_flush_s: float = 1.0


def validate(config: EnvoyConfig) -> None:
    """Raise ConfigurationError with all errors."""
    faults = [*_address_faults(config), *_route_faults(config.apis)]
    if faults:
        raise ConfigurationError("\n".join(faults))


def _address_faults(config: EnvoyConfig) -> Iterable[str]:
    tcp = [("listen", config.listen), ("admin", config.admin)]
    tcp += [(f"upstream of API {route.api_id}", route.upstream) for route in config.apis]
    tcp += [("adapter", a) for a in config.adapters if not a.startswith((UNIX, ABSTRACT))]
    for name, address in tcp:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            yield f"{name}: {address!r} is not of the form host:port"
    if not config.adapters:
        yield "adapters: name at least one address"
    if len({is_name(address) for address in config.adapters}) > 1:
        yield "adapters: host names cannot be mixed with IP addresses or sockets; use one kind"
    if config.adapter_tls is not None and any(
        a.startswith((UNIX, ABSTRACT)) for a in config.adapters
    ):
        yield "adapters: TLS needs host:port addresses; a Unix socket does not need TLS"


def _route_faults(routes: Sequence[ApiRoute]) -> Iterable[str]:
    if not routes:
        yield "apis: name at least one API"
    taken: dict[tuple[str, str], str] = {}
    protocols: dict[str, bool] = {}
    for route in routes:
        if not route.path_prefix.startswith("/") or "?" in route.path_prefix:
            yield f"API {route.api_id}: path_prefix must begin with / and have no query"
        if protocols.setdefault(route.upstream, route.grpc) != route.grpc:
            yield f"upstream {route.upstream}: used for both HTTP/1 and gRPC; use one of them"
        if not route.api_id or not route.domains:
            yield f"API {route.api_id!r}: needs an id and at least one domain"
        for domain in route.domains:
            place = (domain, route.path_prefix.rstrip("/"))
            if place in taken:
                claimants = f"{taken[place]} and {route.api_id}"
                yield f"APIs {claimants} have the same domain and path: {domain}{route.path_prefix}"
            taken[place] = route.api_id
