"""Measures a server in two ways: with our own client, or through Envoy."""

from typing import Final, Protocol

from benchmarks import plan
from benchmarks.gateway import CLIENTS
from benchmarks.load import Load, Sample
from benchmarks.processes import MeasuredProcess, cpu_s, resident_mb
from tests.rig.envoy import Envoy

_CONNECTIONS: Final = 2
_STREAMS: Final = 16
_WARM_UP: Final = 1_600
_QUANTILES: Final = {plan.P50: 0.5, plan.P90: 0.9, plan.P99: 0.99, plan.P999: 0.999}


class Place(Protocol):
    """A way to measure a row."""

    async def warm_up(self, seconds: float) -> None:
        """Send a few requests, and plan the length of the runs."""

    async def run(self) -> dict[str, float]:
        """Measure once, and return the figures by name."""


class DirectPlace:
    """A server alone: its CPU time for Checks that all differ, and its latencies.

    The client `repeated` measures latencies, because it adds little itself.
    """

    def __init__(self, server: MeasuredProcess, varied: Load, repeated: Load) -> None:
        self._server = server
        self._varied = varied
        self._repeated = repeated
        self._requests = self._single_requests = _WARM_UP

    async def warm_up(self, seconds: float) -> None:
        """See `Place.warm_up`."""
        self._requests = _planned(await self._busy(self._varied), seconds)
        self._single_requests = _planned(await self._single(self._varied), seconds / 2)

    async def run(self) -> dict[str, float]:
        """See `Place.run`."""
        used_s = cpu_s(self._server.pid)
        sample = await self._busy(self._varied)
        return {
            plan.CPU: (cpu_s(self._server.pid) - used_s) / self._requests * 1e6,
            plan.RATE: sample.per_second,
            plan.VARIED_P99: sample.quantile_us(0.99),
            plan.RESIDENT: resident_mb(self._server.pid),
            **_latencies(await self._busy(self._repeated)),
            plan.SINGLE_P50: (await self._single(self._repeated)).quantile_us(0.5),
        }

    async def _busy(self, load: Load) -> Sample:
        return await load.run(
            self._server.address, self._requests, connections=_CONNECTIONS, streams=_STREAMS
        )

    async def _single(self, load: Load) -> Sample:
        return await load.run(self._server.address, self._single_requests, connections=1, streams=1)


class EnvoyPlace:
    """An Envoy that asks a server, or no server."""

    def __init__(self, server: MeasuredProcess | None, envoy: Envoy, load: Load) -> None:
        self._server = server
        self._envoy = envoy
        self._load = load
        self._requests = _WARM_UP

    async def warm_up(self, seconds: float) -> None:
        """See `Place.warm_up`."""
        self._requests = _planned(await self._send(), seconds)

    async def run(self) -> dict[str, float]:
        """See `Place.run`."""
        envoy_s, server_s = self._cpu_s()
        sample = await self._send()
        envoy_us, server_us = (
            (after_s - before_s) / self._requests * 1e6
            for after_s, before_s in zip(self._cpu_s(), (envoy_s, server_s), strict=True)
        )
        asked = {plan.CPU: server_us} if self._server else {}
        bill = {plan.BILL: envoy_us + server_us}
        return {plan.RATE: sample.per_second, **_latencies(sample), **asked, **bill}

    def _cpu_s(self) -> tuple[float, float]:
        return cpu_s(self._envoy.pid), cpu_s(self._server.pid) if self._server else 0.0

    async def _send(self) -> Sample:
        return await self._load.run(
            self._envoy.address, self._requests, connections=CLIENTS, streams=1
        )


def _planned(sample: Sample, seconds: float) -> int:
    """The number of requests that take this long, a multiple of all clients' streams."""
    whole = _CONNECTIONS * _STREAMS
    return max(int(sample.per_second * seconds) // whole, 1) * whole


def _latencies(sample: Sample) -> dict[str, float]:
    return {name: sample.quantile_us(q) for name, q in _QUANTILES.items()}
