"""One limit, two adapter processes, racing clients: what docs/quotas.md promises, through Envoy."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.installation import CHECK_TIMEOUT_S, envoy_before, race, route
from tests.rig.polling import eventually
from tests.rig.redis_server import running_redis

pytestmark = pytest.mark.asyncio(loop_scope="session")

LIMIT = 30
REQUESTS = 6 * LIMIT
HOUR_MS = 3_600_000
PATIENT_S = CHECK_TIMEOUT_S - 1
"""A deadline for a store that answers, on however slow a machine."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two adapters behind an Envoy, with a limited API."""

    adapters: Sequence[AdapterProcess]
    envoy: Envoy
    api_id: int

    async def admitted(self) -> int:
        """How many of far too many requests pass; the others are refused."""
        statuses = await race(self.envoy, self.api_id, REQUESTS)
        assert set(statuses) <= {200, 429}
        return statuses[200]

    async def until_store_is(self, *, available: bool) -> None:
        """Wait until both have noticed; Checks go on meanwhile, since they are what notices."""

        async def noticed() -> bool:
            await race(self.envoy, self.api_id, REQUESTS)
            quotas = [await adapter.inspect("/quotas") for adapter in self.adapters]
            return all(q["shared_store"]["available"] is available for q in quotas)

        await eventually(noticed)

    async def multipliers(self) -> list[int]:
        """How many times the limit may be used up, as each of them shows it."""
        return [(await adapter.inspect("/quotas"))["multiplier"] for adapter in self.adapters]


async def limited_api(platform: RunningControlPlane) -> int:
    """An API with one limit that no test outlives."""
    api_id: int = (await platform.admin.create_api("orders"))["id"]
    limit = {"maximumRequests": LIMIT, "timePeriodInMilliseconds": HOUR_MS}
    await platform.admin.apply_policy(api_id, "rate-limiting", {"rateLimits": [limit]})
    return api_id


@asynccontextmanager
async def pair(upstream: Upstream, directory: Path, **quota: Any) -> AsyncIterator[Pair]:
    """Two ready adapters that count so."""
    async with running_control_plane(directory) as platform, AsyncExitStack() as stack:
        api_id = await limited_api(platform)
        settings = settings_for(platform, quota={"processes": 2, **quota})
        adapters = [AdapterProcess(settings, directory / name) for name in ("one", "two")]
        for adapter in adapters:
            await stack.enter_async_context(adapter)
            await adapter.until_ready()
        envoy = envoy_before(adapters, [route(api_id, upstream.http_address)], directory / "envoy")
        yield Pair(adapters, await stack.enter_async_context(envoy), api_id)


@pytest.mark.parametrize(
    ("when_down", "at_least", "at_most", "multiplier"),
    [("local", LIMIT, 2 * LIMIT, 2), ("allow", REQUESTS, REQUESTS, 1)],
)
async def test_a_shared_limit_and_an_outage(
    upstream: Upstream,
    tmp_path: Path,
    when_down: str,
    at_least: int,
    at_most: int,
    multiplier: int,
) -> None:
    """Never more than the limit; without the store what the setting says; then the limit again."""
    async with running_redis(tmp_path) as redis:
        shared = {
            "store": "redis",
            "url": redis.url,
            "deadline_s": PATIENT_S,
            "when_down": when_down,
        }
        async with pair(upstream, tmp_path, **shared) as installation:
            assert await installation.admitted() == LIMIT
            assert await installation.multipliers() == [1, 1]
            redis.stop()
            meanwhile = await installation.admitted()
            assert at_least <= meanwhile <= at_most
            await installation.until_store_is(available=False)
            assert await installation.multipliers() == [multiplier, multiplier]
            await redis.start()
            await installation.until_store_is(available=True)
            # The store lost its memory, so the limit is there once more, or what is left of it.
            assert await installation.admitted() <= LIMIT
            assert await installation.admitted() == 0


async def test_deny_lets_nothing_pass_uncounted(upstream: Upstream, tmp_path: Path) -> None:
    """Without the store: 503, and no request reaches the service; with it, all is as before."""
    async with running_redis(tmp_path) as redis:
        shared = {"store": "redis", "url": redis.url, "deadline_s": PATIENT_S, "when_down": "deny"}
        async with pair(upstream, tmp_path, **shared) as installation:
            redis.stop()
            before = upstream.requests
            statuses = await race(installation.envoy, installation.api_id, REQUESTS)
            assert (set(statuses), upstream.requests) == ({503}, before)
            await redis.start()
            await installation.until_store_is(available=True)
            await installation.admitted()
            assert await installation.admitted() == 0
            assert upstream.requests <= before + LIMIT


async def test_processes_that_count_alone_multiply_the_limit(
    upstream: Upstream, tmp_path: Path
) -> None:
    """Each admits the limit once and no more; operators see the multiplier everywhere."""
    async with pair(upstream, tmp_path) as installation:
        assert await installation.admitted() == 2 * LIMIT
        assert await installation.admitted() == 0
        assert await installation.multipliers() == [2, 2]
        for adapter in installation.adapters:
            assert "adapter_quota_multiplier 2.0" in await adapter.metric_lines()
            assert '"multiplier": 2' in adapter.log.read_text()


async def test_a_window_outlives_its_process(upstream: Upstream, tmp_path: Path) -> None:
    """A deployment does not give everyone a new quota."""
    async with running_control_plane(tmp_path) as platform:
        api_id = await limited_api(platform)
        settings = settings_for(platform, quota={"file": str(tmp_path / "windows")})
        admitted = []
        for name in ("before", "after"):
            async with AdapterProcess(settings, tmp_path / name) as adapter:
                await adapter.until_ready()
                behind = envoy_before(
                    [adapter], [route(api_id, upstream.http_address)], tmp_path / name / "envoy"
                )
                async with behind as envoy:
                    admitted.append((await race(envoy, api_id, LIMIT - 10))[200])
        assert admitted == [LIMIT - 10, 10]
