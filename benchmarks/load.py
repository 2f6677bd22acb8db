"""The interface of load generators."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from adapter.ext_authz.service import CHECK
from benchmarks.requests import TOKEN

FIELDS: Final[Mapping[str, str]] = {
    ":method": "POST",
    ":scheme": "http",
    ":path": CHECK,
    ":authority": "adapter",
    "te": "trailers",
    "grpc-timeout": "500m",
    "content-type": "application/grpc",
    "x-adapter-token": TOKEN,
    "x-envoy-internal": "true",
    "x-envoy-expected-rq-timeout-ms": "500",
    "x-forwarded-for": "127.0.0.1",
}
"""The header fields of Envoy's calls."""


class BenchmarkError(Exception):
    """The benchmark cannot run, or an answer was not an ALLOW."""


class Sample(NamedTuple):
    """The result of one run, as the client sees it."""

    elapsed_s: float
    latencies_us: Sequence[float]
    """The latency of each request, in ascending order."""

    @property
    def per_second(self) -> float:
        """Requests per second."""
        return len(self.latencies_us) / self.elapsed_s

    def quantile_us(self, q: float) -> float:
        """The quantile `q` of the latencies."""
        return self.latencies_us[min(int(q * len(self.latencies_us)), len(self.latencies_us) - 1)]


class Load(Protocol):
    """Sends one workload repeatedly."""

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """Send this many requests, with `streams` at once on each connection.

        Raises BenchmarkError unless all are allowed.
        """
