"""What is admitted while the shared store is away, measured: the numbers of docs/quotas.md."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from adapter.policy.effects.quota import QuotaState
from adapter.quota.shared import SharedQuotaStore, WhenDown
from adapter.runtime.clock import SystemClock
from support.defaults import memory_quotas
from tests.rig.polling import until
from tests.rig.quota import PATIENT_S, a_charge, made, redis_store
from tests.rig.redis_server import RedisServer, running_redis

DAY_MS = 24 * 3_600_000
LIMIT = 20
CHARGE = a_charge(("k", LIMIT, DAY_MS))


@asynccontextmanager
async def adapter_on(
    server: RedisServer, when_down: WhenDown = "local", deadline_s: float = PATIENT_S
) -> AsyncIterator[SharedQuotaStore]:
    """What an adapter process counts with."""
    clock = SystemClock()
    async with redis_store(server.url, deadline_s=deadline_s) as redis:
        store = SharedQuotaStore(redis, memory_quotas(clock), clock, when_down=when_down)
        await store.start()
        probing = asyncio.create_task(store.run())
        try:
            yield store
        finally:
            probing.cancel()
            await asyncio.gather(probing, return_exceptions=True)


async def admitted(*stores: SharedQuotaStore) -> int:
    """How many of too many concurrent requests each adapter allows."""
    charges = [made(store.charge("", CHARGE)) for _ in range(2 * LIMIT) for store in stores]
    return sum([state.admitted for state in await asyncio.gather(*charges)])


async def notice(*stores: SharedQuotaStore) -> None:
    """Let the adapters find out that the store is gone, by charges of another key."""
    other = a_charge(("other", 1, DAY_MS))
    for store in stores:
        while store.status.available:
            await made(store.charge("", other))


async def back(*stores: SharedQuotaStore) -> None:
    """Wait until the adapters have found out by themselves that the store is there again."""
    await until(lambda: all(store.status.available for store in stores))


async def test_with_the_store_the_limit_holds_for_all_adapters(tmp_path: Path) -> None:
    """Two adapters admit the limit, once."""
    async with (
        running_redis(tmp_path) as server,
        adapter_on(server) as one,
        adapter_on(server) as two,
    ):
        assert await admitted(one, two) == LIMIT


async def test_cut_off_adapters_admit_the_limit_each(tmp_path: Path) -> None:
    """`local`: once more by each adapter; afterwards the store's own count goes on."""
    async with (
        running_redis(tmp_path) as server,
        adapter_on(server, deadline_s=0.2) as one,
        adapter_on(server, deadline_s=0.2) as two,
    ):
        for _ in range(LIMIT):
            assert (await made(one.charge("", CHARGE))).admitted
        server.freeze()
        await notice(one, two)
        assert await admitted(one, two) == 2 * LIMIT
        server.thaw()
        await back(one, two)
        assert await admitted(one, two) == 0


async def test_a_store_that_lost_its_memory_begins_anew(tmp_path: Path) -> None:
    """After a restart without persistence the limit is there once more."""
    async with running_redis(tmp_path) as server, adapter_on(server) as one:
        assert await admitted(one) == LIMIT
        server.stop()
        await notice(one)
        assert await admitted(one) == LIMIT
        await server.start()
        await back(one)
        assert await admitted(one) == LIMIT


async def test_allow_admits_everything_meanwhile(tmp_path: Path) -> None:
    """`allow`: no limit holds while the store is away."""
    async with running_redis(tmp_path) as server, adapter_on(server, "allow") as one:
        assert await admitted(one) == LIMIT
        server.stop()
        await notice(one)
        assert await admitted(one) == 2 * LIMIT
        await server.start()
        await back(one)
        assert one.status.charges_without >= 2 * LIMIT


async def test_deny_admits_nothing_meanwhile(tmp_path: Path) -> None:
    """`deny`: no request passes uncounted; policies are told that the quota is unknown."""
    async with running_redis(tmp_path) as server, adapter_on(server, "deny") as one:
        server.stop()
        await notice(one)
        state = await made(one.charge("", CHARGE))
        assert (state.admitted, "when_down" in state.unknown) == (False, True)
        await server.start()
        await back(one)
        assert await admitted(one) == LIMIT


async def test_a_dead_store_costs_no_check_its_deadline(tmp_path: Path) -> None:
    """Once it counts as down, charges are settled without a wait."""
    async with running_redis(tmp_path) as server, adapter_on(server, deadline_s=0.05) as one:
        server.freeze()
        await notice(one)
        for _ in range(100):
            assert isinstance(one.charge("", CHARGE), QuotaState)
        server.thaw()
        await back(one)
        assert not isinstance(waiting := one.charge("", CHARGE), QuotaState)
        assert (await waiting).admitted


async def test_an_outage_is_told_once(tmp_path: Path) -> None:
    """One line when it begins, one when it ends; nothing for each Check."""
    async with running_redis(tmp_path) as server, adapter_on(server) as one:
        with capture_logs() as logs:
            server.stop()
            await notice(one)
            await admitted(one)
            await server.start()
            await back(one)
    assert [(log["event"], log["log_level"]) for log in logs] == [
        ("quota.store_down", "error"),
        ("quota.store_back", "warning"),
    ]
    assert (one.status.outages, one.status.available) == (1, True)


async def test_an_adapter_starts_without_its_store(tmp_path: Path) -> None:
    """And uses it as soon as it is there."""
    server = RedisServer(tmp_path)
    async with adapter_on(server) as one:
        assert not one.status.available
        assert isinstance(one.charge("", CHARGE), QuotaState)
        try:
            await server.start()
            await back(one)
            assert await admitted(one) == LIMIT
        finally:
            server.stop()


async def test_local_charges_never_leave_the_process(tmp_path: Path) -> None:
    """`clusterizable: false` multiplies by the number of adapters, as the admin asked."""
    local = a_charge(("k", 1, DAY_MS), local=True)
    async with (
        running_redis(tmp_path) as server,
        adapter_on(server) as one,
        adapter_on(server) as two,
    ):
        for store in (one, two):
            assert isinstance(first := store.charge("", local), QuotaState)
            assert first.admitted
            assert not (await made(store.charge("", local))).admitted
