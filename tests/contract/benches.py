"""The stores that keep to the port, each with a way to let time pass."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol

from adapter.authorization.ports import QuotaStore
from adapter.quota.memory.store import MemoryQuotaStore
from adapter.quota.redis.store import RedisQuotaStore
from adapter.quota.shared import SharedQuotaStore
from support.defaults import memory_quotas
from tests.rig.clock import ManualClock
from tests.rig.quota import let_pass, redis_store
from tests.rig.redis_server import RedisServer

RECENT_S = 1e9
"""Windows last for hours, and Check ids do not expire, so that they outlast a slow test."""
MANY = 1_000
"""More windows than a test needs that is not about their number."""


class Bench(NamedTuple):
    """A store, and how to let time pass for it."""

    store: QuotaStore
    hours_pass: Callable[[float], Awaitable[None]]


@asynccontextmanager
async def memory_bench(
    server: RedisServer,
    max_windows: int = MANY,
) -> AsyncIterator[Bench]:
    """A store in memory."""
    clock = ManualClock()
    store = MemoryQuotaStore(clock, max_windows=max_windows, recent_s=RECENT_S)
    yield Bench(store, lambda hours: clock.sleep(3_600 * hours))


@asynccontextmanager
async def redis_bench(server: RedisServer, max_windows: int = MANY) -> AsyncIterator[Bench]:
    """A store on the server, with keys of its own."""
    prefix, clock = f"{uuid.uuid4()}:", ManualClock()

    async def hours_pass(hours: float) -> None:
        await clock.sleep(3_600 * hours)
        await let_pass(server, 3_600 * hours, prefix)

    async with redis_store(
        server.url, clock=clock, prefix=prefix, recent_s=RECENT_S, max_windows=max_windows
    ) as store:
        yield Bench(store, hours_pass)


@asynccontextmanager
async def shared_bench(server: RedisServer, max_windows: int = MANY) -> AsyncIterator[Bench]:
    """The same, guarded against the server's outages."""
    async with redis_bench(server, max_windows) as (store, hours_pass):
        assert isinstance(store, RedisQuotaStore)
        clock = ManualClock()
        shared = SharedQuotaStore(store, memory_quotas(clock), clock, when_down="deny")
        yield Bench(shared, hours_pass)


class OpenBench(Protocol):
    """Opens a bench on that server, with room for so many windows."""

    def __call__(
        self, server: RedisServer, max_windows: int = MANY
    ) -> AbstractAsyncContextManager[Bench]:
        """See the class."""


BENCHES: Mapping[str, OpenBench] = {
    "memory": memory_bench,
    "redis": redis_bench,
    "shared": shared_bench,
}
