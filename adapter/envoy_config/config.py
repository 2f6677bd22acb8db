"""The options of an Envoy configuration."""

from dataclasses import dataclass, field
from typing import Final

SYSTEM_CA_FILE: Final = "/etc/ssl/certs/ca-certificates.crt"
"""Where Debian, Ubuntu, Alpine and Envoy's own images keep the CAs that the system trusts."""
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
    tls: bool = False
    """Whether Envoy connects to the upstream by TLS, and verifies its certificate."""
    upstream_prefix: str | None = None
    """Replaces `path_prefix` in what the upstream receives. None: the path stays as it is."""

    @property
    def name(self) -> str:
        """The route's name in Envoy, which access log entries contain."""
        return f"{_ROUTE_PREFIX}{self.api_id}"

    @property
    def scheme(self) -> str:
        """How Envoy speaks to the upstream: `http`, `https`, `grpc` or `grpcs`."""
        return ("grpc" if self.grpc else "http") + ("s" if self.tls else "")

    @property
    def upstream_host(self) -> str:
        """The Host header that names the upstream: without the port that its scheme implies."""
        return self.upstream.removesuffix(":443" if self.tls else ":80")


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
    access_log: str = ""
    """A file for Envoy's own access log, such as `/dev/stdout`. Empty: none."""
    trusted_hops: int = 0
    """Trusted proxies in front of Envoy that append to `x-forwarded-for`."""
    upstream_ca_file: str = SYSTEM_CA_FILE
    """CAs of the upstreams' certificates. The path is on Envoy's machine."""
    rewrite_host: bool = False
    """Whether upstreams receive their own name as the host, instead of the client's."""
    check_timeout_s: float = 0.5
    health_interval_s: float = 1.0
    log_flush_s: float = 1.0
