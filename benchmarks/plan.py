"""The rows to measure, and the ratios between them."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeAlias

from benchmarks.catalog import AUTHORIZATION, CHAINS, TEXT_KEYS, TOKENS, TYPICAL, USUAL, CatalogSize
from benchmarks.requests import Workload

CPU: Final = "cpu_us"
BILL: Final = "bill_us"
"""CPU of Envoy and of the server that it asks, per request."""
RATE: Final = "per_second"
P50: Final = "p50_us"
P90: Final = "p90_us"
P99: Final = "p99_us"
P999: Final = "p999_us"
VARIED_P99: Final = "varied_p99_us"
SINGLE_P50: Final = "single_p50_us"
RESIDENT: Final = "resident_mb"

SMALL: Final = CatalogSize(1, 10)
HUGE: Final = CatalogSize(1_000, 1_000_000)


_WITHOUT_COMPILED: Final = ("env", "-u", "PYTHONPATH", "-u", "PYTHONSAFEPATH")
"""Environment that undoes the Makefile's preference for the compiled adapter."""


SPANS: Final = "typical, traced, spans of 1 %"


@dataclass(frozen=True, slots=True)
class Adapter:
    """A server process with our service."""

    transport: str = "asyncio"
    chain: str = TYPICAL
    size: CatalogSize = USUAL
    quotas: str = "memory"
    interpreted: bool = False
    """Whether to run without the compiled Check path."""
    forgets_tokens: bool = False
    """Whether it verifies each token as if it were new."""
    analytics: bool = False
    """Whether Envoy also sends access log entries, which become compressed events."""
    spans: bool = False
    """Whether sampled Checks have spans, which become compressed requests."""

    def command(self, address: str) -> Sequence[str]:
        """The command that starts it."""
        return (
            *(_WITHOUT_COMPILED if self.interpreted else ()),
            *(sys.executable, "-m", "benchmarks.server", "--address", address),
            *("--transport", self.transport, "--chain", self.chain),
            *("--apis", str(self.size.apis), "--contracts", str(self.size.contracts)),
            *("--quotas", self.quotas),
            *(("--forget-tokens",) if self.forgets_tokens else ()),
            *(("--analytics",) if self.analytics else ()),
            *(("--spans",) if self.spans else ()),
        )


@dataclass(frozen=True, slots=True)
class Bare:
    """A server process with one of our transports that allows everything, like the peers."""

    transport: str
    tcp: bool = False
    """Whether it listens on TCP instead of a Unix socket."""

    def command(self, address: str) -> Sequence[str]:
        """The command that starts it."""
        return (sys.executable, "-m", "benchmarks.transport", self.transport, address)


@dataclass(frozen=True, slots=True)
class Peer:
    """A server process that allows everything, from `benchmarks/peers/`."""

    name: str
    program: Path
    tcp: bool = False
    """Whether it listens on TCP instead of a Unix socket."""

    def command(self, address: str) -> Sequence[str]:
        """The command that starts it."""
        return (str(self.program), address)


USUAL_WORKLOAD: Final = Workload()

Subject: TypeAlias = Adapter | Bare | Peer


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to measure."""

    group: str
    name: str
    server: Subject | None
    """None: Envoy asks no server."""
    workload: Workload = USUAL_WORKLOAD
    through_envoy: bool = False
    native: tuple[str, ...] = ()
    """Envoy's native filters: names in `native_filters.FILTERS`."""


HOSTILE: Final = "hostile"
"""The group without rows: the cost of the most expensive Checks that clients can cause."""
SPOOLS: Final = "spools"
"""The group without rows: the spool on disk, compared with the one in memory."""
GROUPS: Final = (
    "transports",
    "policies",
    "quotas",
    "addresses",
    "headers",
    "tracing",
    "scale",
    HOSTILE,
    SPOOLS,
    "peers",
    "envoy",
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """One row's figure as a multiple of another's."""

    name: str
    figure: str
    row: str
    to: str
    at_most: float | None = None
    at_least: float | None = None


def rows(peers: Sequence[Peer], only: str | None = None) -> list[Row]:
    """All rows, or one group and the rows that it is compared with. Names are unique."""
    everything = [*_direct_rows(), *_scale_rows(), *_peer_rows(peers), *_envoy_rows(peers)]
    if only is None:
        return everything
    wanted = {row.name for row in everything if row.group == only}
    wanted |= {r.to for r in RATIOS if r.row in wanted} | {r.row for r in RATIOS if r.to in wanted}
    return [row for row in everything if row.name in wanted]


def _direct_rows() -> list[Row]:
    transports = ("asyncio", "grpcio")
    others = [chain for chain in CHAINS if chain not in {"none", TYPICAL}]
    many = Workload(USUAL, addresses=10_000)
    return [
        *(Row("transports", f"{name}, bare", Bare(name)) for name in transports),
        *(
            Row("transports", f"{name}, {chain}", Adapter(name, chain))
            for name in transports
            for chain in ("none", TYPICAL)
        ),
        Row("transports", "asyncio, typical, interpreted", Adapter(interpreted=True)),
        *(
            Row("policies", f"{chain} alone", Adapter(chain=chain), workload_for(chain))
            for chain in others
        ),
        *(
            Row("policies", new_tokens(a), Adapter(chain=c, forgets_tokens=True), workload_for(c))
            for c, a in TEXT_KEYS.items()
        ),
        Row("quotas", "typical, on Redis", Adapter(quotas="redis")),
        Row("addresses", "typical, 10,000 addresses", Adapter(), many),
        Row("headers", "typical, raw headers", Adapter(), Workload(USUAL, raw_headers=True)),
        Row("headers", "typical, route metadata", Adapter(), Workload(USUAL, route_metadata=True)),
        Row("tracing", "typical, traced", Adapter(), Workload(USUAL, traced=True)),
        Row("tracing", SPANS, Adapter(spans=True), Workload(USUAL, traced=True)),
    ]


def new_tokens(algorithm: str) -> str:
    """The name of the row in which each token is verified as if it were new."""
    return f"jwt-validation alone, a new {algorithm} token in each Check"


def workload_for(chain: str) -> Workload:
    """Requests with what the chain's policy asks for."""
    return Workload(USUAL, authorization=AUTHORIZATION.get(chain, ""), tokens=TOKENS.get(chain, ""))


def _scale_rows() -> list[Row]:
    sizes = (SMALL, CatalogSize(10, 10_000), CatalogSize(100, 100_000), HUGE)
    return [Row("scale", _scale_name(size), Adapter(size=size), Workload(size)) for size in sizes]


def _peer_rows(peers: Sequence[Peer]) -> list[Row]:
    """The peers. One without Unix sockets is compared with others over TCP."""
    if not any(peer.tcp for peer in peers):
        return [Row("peers", peer.name, peer) for peer in peers]
    over_tcp: list[tuple[str, Bare | Peer]] = [("asyncio, bare", Bare("asyncio", tcp=True))]
    over_tcp += [(peer.name, replace(peer, tcp=True)) for peer in peers]
    return [
        *(Row("peers", peer.name, peer) for peer in peers if not peer.tcp),
        *(Row("peers", f"{name}, over TCP", server) for name, server in over_tcp),
    ]


def _envoy_rows(peers: Sequence[Peer]) -> list[Row]:
    asked: list[tuple[str, Subject]] = [
        ("asyncio", Adapter()),
        ("asyncio, with analytics", Adapter(analytics=True)),
        ("grpcio", Adapter("grpcio")),
    ]
    asked += [(peer.name, peer) for peer in peers if not peer.tcp]
    return [
        Row("envoy", "Envoy alone", None, through_envoy=True),
        *(
            Row(
                "envoy",
                f"Envoy's own {' and '.join(native)}",
                None,
                native=native,
                through_envoy=True,
            )
            for native in NATIVE_CHAINS
        ),
        *(
            Row("envoy", f"Envoy asking {name}", server, through_envoy=True)
            for name, server in asked
        ),
    ]


NATIVE_CHAINS: Final = (("api_key_auth", "local_ratelimit"), ("jwt_authn", "local_ratelimit"))
"""Envoy's native filters: no external server can be cheaper."""


def _scale_name(size: CatalogSize) -> str:
    apis = "1 API" if size.apis == 1 else f"{size.apis:,} APIs"
    return f"typical, {apis}, {size.contracts:,} contracts"


RATIOS: Final = (
    Ratio("CPU per Check: grpcio to asyncio", CPU, "grpcio, typical", "asyncio, typical"),
    Ratio(
        "CPU per Check: interpreted to compiled",
        *(CPU, "asyncio, typical, interpreted", "asyncio, typical"),
    ),
    Ratio("CPU per Check: typical chain to no policy", CPU, "asyncio, typical", "asyncio, none"),
    Ratio(
        "CPU per Check: a token seen before to the typical chain",
        *(CPU, "jwt-validation alone", "asyncio, typical"),
        at_most=1.3,
    ),
    *(
        Ratio(
            f"CPU per Check: a new {algorithm} token to one seen before",
            *(CPU, new_tokens(algorithm), f"{chain} alone"),
        )
        for chain, algorithm in TEXT_KEYS.items()
    ),
    Ratio(
        "CPU per Check: typical chain on Redis to memory",
        CPU,
        "typical, on Redis",
        "asyncio, typical",
    ),
    Ratio(
        "CPU per Check: 1,000,000 contracts to 10",
        *(CPU, _scale_name(HUGE), _scale_name(SMALL)),
        at_most=1.15,
    ),
    Ratio(
        "CPU per Check: 10,000 client addresses to one",
        *(CPU, "typical, 10,000 addresses", "asyncio, typical"),
        at_most=1.1,
    ),
    Ratio(
        "CPU per Check: raw headers to plain",
        *(CPU, "typical, raw headers", "asyncio, typical"),
    ),
    Ratio(
        "CPU per Check: tracing on to off",
        *(CPU, "typical, traced", "asyncio, typical"),
        at_most=1.5,
    ),
    Ratio(
        "CPU per Check: spans of 1 % to none",
        *(CPU, SPANS, "typical, traced"),
        at_most=1.05,
    ),
    Ratio("CPU per Check, to tonic", CPU, _scale_name(HUGE), "tonic", at_most=0.75),
    Ratio("CPU per Check: asyncio bare to tonic", CPU, "asyncio, bare", "tonic"),
    Ratio("CPU per Check, to grpc-go", CPU, _scale_name(HUGE), "grpc-go", at_most=0.4),
    Ratio("p99 with 2 x 16 streams, to tonic", P99, _scale_name(HUGE), "tonic", at_most=1.0),
    Ratio("p50 with one client, to tonic", SINGLE_P50, _scale_name(HUGE), "tonic", at_most=1.0),
    Ratio("requests/s through Envoy, to no filter", RATE, "Envoy asking asyncio", "Envoy alone"),
    Ratio(
        "requests/s through Envoy, to tonic",
        *(RATE, "Envoy asking asyncio", "Envoy asking tonic"),
        at_least=0.95,
    ),
    Ratio(
        "p99 through Envoy, to tonic",
        *(P99, "Envoy asking asyncio", "Envoy asking tonic"),
        at_most=1.0,
    ),
    Ratio(
        "the whole bill (CPU of Envoy and server), to tonic",
        *(BILL, "Envoy asking asyncio", "Envoy asking tonic"),
        at_most=1.0,
    ),
    Ratio(
        "the whole bill with analytics, to tonic without",
        *(BILL, "Envoy asking asyncio, with analytics", "Envoy asking tonic"),
        at_most=1.1,
    ),
    Ratio(
        "the whole bill, to Envoy's own api_key_auth and local_ratelimit",
        *(BILL, "Envoy asking asyncio", "Envoy's own api_key_auth and local_ratelimit"),
    ),
    Ratio(
        "CPU per Check: asyncio bare to pajamax, over TCP",
        *(CPU, "asyncio, bare, over TCP", "pajamax, over TCP"),
    ),
)
"""The ratios to print, with their goals, if any."""
