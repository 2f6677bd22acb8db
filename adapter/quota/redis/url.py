"""The URL of a shared store: a server, a Sentinel set-up or a cluster."""

from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import SplitResult, unquote, urlsplit

from adapter.errors import ConfigurationError

Topology = Literal["server", "sentinel", "cluster"]

_SCHEMES: Final[dict[str, tuple[Topology, bool]]] = {
    "redis": ("server", False),
    "rediss": ("server", True),
    "redis+sentinel": ("sentinel", False),
    "rediss+sentinel": ("sentinel", True),
    "redis+cluster": ("cluster", False),
    "rediss+cluster": ("cluster", True),
}
_DEFAULT_PORT: Final[dict[Topology, int]] = {"server": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class RedisUrl:
    """`redis[s][+sentinel|+cluster]://[user:password@]host[:port],.../path`.

    The path is the number of a database, as in `redis://host/0`. With Sentinels, the name of the
    service comes first, as in `redis+sentinel://host/mymaster/0`.
    """

    topology: Topology
    tls: bool
    nodes: tuple[tuple[str, int], ...]
    """Host and port of the server, of the Sentinels, or of some nodes of the cluster."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    service: str = ""

    @classmethod
    def parse(cls, text: str) -> "RedisUrl":
        """Read a URL; raises ConfigurationError with all faults, but without the password."""
        if "://" not in text:
            raise ConfigurationError(
                "quota.url: has no scheme; write redis://HOST:PORT, or rediss://HOST:PORT for TLS"
            )
        try:
            parts = urlsplit(text)
        except ValueError:
            raise ConfigurationError("quota.url: not a URL") from None
        faults: list[str] = []
        topology, tls = _SCHEMES.get(parts.scheme, ("server", False))
        if parts.scheme not in _SCHEMES:
            faults.append(f"the scheme must be one of {', '.join(_SCHEMES)}")
        if parts.query or parts.fragment:
            faults.append(
                "a query or fragment is not supported; percent-encode ? and # in a password"
            )
        credentials, _, hosts = parts.netloc.rpartition("@")
        username, _, password = credentials.partition(":")
        nodes = _nodes(hosts, _DEFAULT_PORT[topology], faults)
        if topology == "server" and len(nodes) > 1:
            faults.append("several hosts need the scheme redis+sentinel or redis+cluster")
        service, database = _path(parts, topology, faults)
        if faults:
            raise ConfigurationError("quota.url: " + "; ".join(faults))
        return cls(
            topology,
            tls,
            nodes,
            unquote(username) or None,
            unquote(password) or None,
            database,
            service,
        )


def _nodes(hosts: str, default_port: int, faults: list[str]) -> tuple[tuple[str, int], ...]:
    nodes = []
    for text in hosts.split(","):
        try:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host or port == 0 or text.endswith(":"):
            faults.append(f"{text!r} is not HOST or HOST:PORT")
        else:
            nodes.append((host, port or default_port))
    return tuple(nodes)


def _path(parts: SplitResult, topology: Topology, faults: list[str]) -> tuple[str, int]:
    path = parts.path.strip("/")
    service, number = "", path
    if topology == "sentinel":
        service, _, number = path.partition("/")
        if not service:
            faults.append("the path must name the Sentinel's service, as in /mymaster")
    if number and not number.isdecimal():
        faults.append(f"{number!r} is not the number of a database")
        return service, 0
    if topology == "cluster" and int(number or 0):
        faults.append("a cluster has database 0 only")
    return unquote(service), int(number or 0)
