"""What there is to decide about an Envoy in front of the adapter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adapter.envoy_config.addresses import ABSTRACT, UNIX, is_name
from adapter.errors import ConfigurationError

_ROUTE_PREFIX = "api-"


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """Requests of these domains, at and under this path, are of that API."""

    api_id: str
    upstream: str
    """`host:port`; the host may be a name."""
    domains: tuple[str, ...] = ("*",)
    """`*` is safe here: the route itself names the API, so the client's Host header does not."""
    path_prefix: str = "/"
    """On segment boundaries: `/pay` is not `/payments`."""
    grpc: bool = False
    """Whether the upstream speaks HTTP/2."""

    @property
    def name(self) -> str:
        """Envoy's name for the route; access log entries tell it."""
        return f"{_ROUTE_PREFIX}{self.api_id}"


def api_of_route(name: str) -> str:
    """The id of the API whose route has that name; empty if it is no name of ours."""
    return name.removeprefix(_ROUTE_PREFIX) if name.startswith(_ROUTE_PREFIX) else ""


@dataclass(frozen=True, slots=True)
class AdapterTls:
    """The PEM files with which Envoy reaches adapters that serve TLS; paths on Envoy's machine."""

    ca_file: str
    """CAs of the adapters' certificates. Each certificate must be for its adapter's address."""
    certificate_file: str | None = None
    """With `key_file`: Envoy's own certificate, for adapters that ask for one."""
    key_file: str | None = None


@dataclass(frozen=True, slots=True)
class EnvoyConfig:
    """What there is to decide about an Envoy in front of the adapter."""

    apis: tuple[ApiRoute, ...]
    adapters: tuple[str, ...]
    """One address for each adapter process: `host:port`, `unix:/path` or `unix-abstract:name`."""
    listen: str = "0.0.0.0:8080"
    admin: str = "127.0.0.1:9901"
    token: str | None = field(default=None, repr=False)
    """The secret that tells the adapter its Envoy."""
    adapter_tls: AdapterTls | None = None
    """None: adapters are reached in clear, on this host or on a network of their own."""
    header_prefix: str = "x-adapter-"
    """How the adapter's own request headers begin; see its setting of that name."""
    client_address_header: str = "x-adapter-client-address"
    trusted_hops: int = 0
    """Trusted proxies in front of Envoy that append to `x-forwarded-for`."""
    check_timeout_s: float = 0.5
    health_interval_s: float = 1.0
    log_flush_s: float = 1.0


def validate(config: EnvoyConfig) -> None:
    """Raise ConfigurationError with all that is wrong."""
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
        yield "adapters: host names do not go together with IP addresses or sockets; use one kind"
    if config.adapter_tls is not None and any(
        a.startswith((UNIX, ABSTRACT)) for a in config.adapters
    ):
        yield "adapters: TLS is for addresses with a host; a Unix socket needs none"


def _route_faults(routes: Sequence[ApiRoute]) -> Iterable[str]:
    if not routes:
        yield "apis: name at least one"
    taken: dict[tuple[str, str], str] = {}
    protocols: dict[str, bool] = {}
    for route in routes:
        if not route.path_prefix.startswith("/") or "?" in route.path_prefix:
            yield f"API {route.api_id}: path_prefix {route.path_prefix!r} is no path"
        if protocols.setdefault(route.upstream, route.grpc) != route.grpc:
            yield f"upstream {route.upstream}: either HTTP/1 or gRPC, not both"
        if not route.api_id or not route.domains:
            yield f"API {route.api_id!r}: needs an id and at least one domain"
        for domain in route.domains:
            place = (domain, route.path_prefix.rstrip("/"))
            if place in taken:
                claimants = f"{taken[place]} and {route.api_id}"
                yield f"APIs {claimants} both claim {domain}{route.path_prefix}"
            taken[place] = route.api_id
