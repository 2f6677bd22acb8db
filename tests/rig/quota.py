"""Quota stores on a real server, and charges to make on them."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.verdicts import CONTINUE
from adapter.quota.redis.client import RedisClient, RedisOptions, open_client
from adapter.quota.redis.store import RedisQuotaStore
from adapter.quota.redis.url import RedisUrl
from adapter.runtime.clock import Clock, SystemClock
from support.defaults import redis_options, redis_quotas
from tests.rig.redis_server import RedisServer

PATIENT_S = 10.0
"""A long deadline, for tests that do not test deadlines."""


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server per module. Each test uses its own prefix."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    asyncio.run(server.start())
    yield server
    server.stop()


def a_charge(*windows: tuple[str, int, int], local: bool = False) -> Charge:
    """A charge of these windows: (key, requests, milliseconds)."""
    limits = [(most, ms, "7", key) for key, most, ms in windows]
    return Charge(tuple(limits), lambda _: CONTINUE, local)


def a_charge_of(policy: str, key: str, *limits: tuple[int, int]) -> Charge:
    """A charge by a policy with a key selector; limits are (requests, milliseconds)."""
    windows = [(most, ms, "7", policy, key) for most, ms in limits]
    return Charge(tuple(windows), lambda _: CONTINUE)


async def made(outcome: QuotaState | Awaitable[QuotaState]) -> QuotaState:
    """The outcome of a charge, awaited if necessary."""
    return await outcome if inspect.isawaitable(outcome) else outcome


@asynccontextmanager
async def redis_store(
    url: str,
    *,
    deadline_s: float = PATIENT_S,
    options: RedisOptions | None = None,
    client: RedisClient | None = None,
    clock: Clock | None = None,
    **how: Any,
) -> AsyncIterator[RedisQuotaStore]:
    """A store on this server, open during the block."""
    client = client or open_client(RedisUrl.parse(url), options or redis_options())
    store = redis_quotas(client, clock or SystemClock(), deadline_s=deadline_s, **how)
    try:
        yield store
    finally:
        await store.close()


async def let_pass(server: RedisServer, seconds: float, prefix: str = "") -> None:
    """Simulate passing time: every key with this prefix expires sooner by this much."""
    async with Redis(port=server.port, protocol=2) as redis:
        for key in await redis.keys(f"{prefix}*"):
            left_ms = await redis.pttl(key) - round(seconds * 1000)
            if left_ms > 0:
                await redis.pexpire(key, left_ms)
            else:
                await redis.delete(key)
