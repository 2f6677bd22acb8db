"""What a load generator does and tells."""

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
    """Something that the benchmark needs did not come about, or an answer was not an ALLOW."""


class Sample(NamedTuple):
    """What one run saw from the client's side."""

    elapsed_s: float
    latencies_us: Sequence[float]
    """One for each request, in ascending order."""

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return len(self.latencies_us) / self.elapsed_s

    def quantile_us(self, q: float) -> float:
        """The latency that a share `q` of the requests did not exceed."""
        return self.latencies_us[min(int(q * len(self.latencies_us)), len(self.latencies_us) - 1)]


class Load(Protocol):
    """Sends one workload again and again."""

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """Send that many requests, `streams` at once on each connection.

        Raises BenchmarkError unless every one is allowed.
        """
