"""Adapter processes with a real Envoy, as operators run them."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from adapter.envoy_config import ApiRoute, render
from support.defaults import envoy_config
from tests.rig.adapter_process import AdapterProcess
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import eventually

CHECK_TIMEOUT_S = 5.0
HEALTH_INTERVAL_S = 0.2
DRAIN_S = 1.0
"""Longer than Envoy's health check interval and timeout together."""
_CLIENTS = 16


def domain(api_id: int) -> str:
    """The domain of this API in Envoy."""
    return f"api-{api_id}.test"


def route(api_id: int, upstream: str) -> ApiRoute:
    """The route from this API to the service at this address."""
    return ApiRoute(str(api_id), upstream, (domain(api_id),))


@asynccontextmanager
async def envoy_before(
    adapters: Sequence[AdapterProcess], routes: Iterable[ApiRoute], directory: Path
) -> AsyncIterator[Envoy]:
    """An Envoy for these adapters and APIs. Waits until it has found the adapters healthy."""
    addresses = tuple(address for adapter in adapters for address in adapter.addresses)
    config = envoy_config(
        apis=tuple(routes),
        adapters=addresses,
        check_timeout_s=CHECK_TIMEOUT_S,
        health_interval_s=HEALTH_INTERVAL_S,
        log_flush_s=0.2,
    )
    async with Envoy(envoy_binary(NEWEST), render(config), directory) as envoy:
        await until_healthy(envoy, len(addresses))
        yield envoy


async def until_healthy(envoy: Envoy, adapters: int) -> None:
    """Wait until Envoy sends Checks and logs to this many adapters, or workers."""

    async def seen() -> bool:
        stats = [f"cluster.{name}.membership_healthy" for name in ("adapter", "adapter_als")]
        return [await envoy.stat(stat) for stat in stats] == [adapters] * 2

    await eventually(seen)


async def race(
    envoy: Envoy, api_id: int, requests: int, headers: Mapping[str, str] | None = None
) -> Counter[int]:
    """Send requests from many clients at once. Returns how often each status occurred."""
    waiting = iter(range(requests))
    async with aiohttp.ClientSession(headers={**(headers or {}), "host": domain(api_id)}) as http:

        async def client() -> Counter[int]:
            statuses: Counter[int] = Counter()
            for _ in waiting:
                async with http.get(envoy.url) as answer:
                    statuses[answer.status] += 1
            return statuses

        counts = await asyncio.gather(*(client() for _ in range(_CLIENTS)))
    return sum(counts, Counter())
