"""The store on a real server: what it sends, what it leaves there, what it survives."""

import asyncio
import uuid
from contextlib import suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis

from adapter.errors import StoreError
from adapter.policy.effects.quota import Charge
from adapter.policy.verdicts import CONTINUE
from adapter.quota.redis.store import RedisQuotaStore
from tests.rig.quota import a_charge, redis_store
from tests.rig.redis_server import RedisServer, ask, running_redis

DAY_MS = 24 * 3_600_000
SECRET = "Bearer very-secret"


async def calls(server: RedisServer, command: str) -> int:
    """How often the server was sent a command since its statistics were reset."""
    for line in (await ask(server, "INFO commandstats")).splitlines():
        if line.startswith(f"cmdstat_{command}:calls="):
            return int(line.partition("=")[2].partition(",")[0])
    return 0


async def until_answered(store: RedisQuotaStore) -> None:
    """Wait until an impatient store can charge again."""
    async with asyncio.timeout(20):
        while True:
            with suppress(StoreError):
                await store.probe()
                return


async def test_a_charge_is_one_command_however_many_limits_it_has(
    redis_server: RedisServer,
) -> None:
    """One round trip for a Check."""
    async with redis_store(redis_server.url) as store:
        await store.charge("warm up", a_charge(("k", 9, DAY_MS)))
        await ask(redis_server, "CONFIG RESETSTAT")
        await store.charge("1", a_charge(*[("k", 9, DAY_MS + n) for n in range(16)]))
    assert await calls(redis_server, "evalsha") == 1
    assert await calls(redis_server, "eval") == 0


async def test_charges_of_the_same_moment_share_their_round_trips(
    redis_server: RedisServer,
) -> None:
    """Many Checks at once do not wait in a long line."""
    prefix = f"{uuid.uuid4()}:"
    async with redis_store(redis_server.url, prefix=prefix, connections=2) as store:
        charges = [store.charge(f"{n}", a_charge(("k", 400, DAY_MS))) for n in range(500)]
        states = await asyncio.gather(*charges)
        # as many connections as allowed, and the one that asks
        clients = (await ask(redis_server, "CLIENT LIST")).strip().splitlines()
    assert sum(state.admitted for state in states) == 400
    assert len(clients) <= 3


async def test_racing_adapters_never_exceed_a_limit(redis_server: RedisServer) -> None:
    """Two adapters, one store, one limit: never one request too many, nor too few."""
    prefix = f"{uuid.uuid4()}:"
    layered = a_charge(("k", 100, DAY_MS), ("k", 150, 2 * DAY_MS))
    async with (
        redis_store(redis_server.url, prefix=prefix) as one,
        redis_store(redis_server.url, prefix=prefix) as two,
    ):
        racing = [
            store.charge(f"{name}{n}", layered)
            for n in range(300)
            for name, store in (("one", one), ("two", two))
        ]
        states = await asyncio.gather(*racing)
        last = await one.charge("last", layered)
    assert sum(state.admitted for state in states) == 100
    assert last.remaining == (0, 50)


async def test_a_check_that_another_adapter_gets_again_is_charged_once(
    redis_server: RedisServer,
) -> None:
    """Envoy may retry a Check at another adapter."""
    prefix, charge = f"{uuid.uuid4()}:", a_charge(("k", 5, DAY_MS))
    async with (
        redis_store(redis_server.url, prefix=prefix) as one,
        redis_store(redis_server.url, prefix=prefix) as two,
    ):
        first = await one.charge("same", charge)
        assert await two.charge("same", charge) == first
        assert (await two.charge("next", charge)).remaining == (3,)


async def test_keys_expire_and_tell_nothing(redis_server: RedisServer) -> None:
    """Nothing piles up on the server, and no selector's value can be read there."""
    prefix = f"{uuid.uuid4()}:"
    charge = Charge(((5, DAY_MS, "7", "policy", SECRET),), lambda _: CONTINUE)
    async with (
        redis_store(redis_server.url, prefix=prefix) as store,
        Redis(port=redis_server.port, protocol=2) as redis,
    ):
        await store.charge("1", charge)
        keys = await redis.keys(f"{prefix}*")
        assert len(keys) == 2
        for key_on_server in keys:
            assert 0 < await redis.pttl(key_on_server) <= DAY_MS
            assert SECRET.encode() not in key_on_server
            assert SECRET.encode() not in (await redis.get(key_on_server) or b"")


async def test_a_server_that_forgot_the_script_is_taught_again(redis_server: RedisServer) -> None:
    """A restarted server, or a failover, costs no charge."""
    async with redis_store(redis_server.url, prefix=f"{uuid.uuid4()}:") as store:
        charge = a_charge(("k", 5, DAY_MS))
        await store.charge("1", charge)
        await ask(redis_server, "SCRIPT FLUSH")
        assert (await store.charge("2", charge)).remaining == (3,)


async def test_a_full_server_is_a_failure_that_a_probe_finds(tmp_path: Path) -> None:
    """A server that answers but cannot count must not be taken for a working one."""
    async with running_redis(tmp_path) as server, redis_store(server.url) as store:
        await store.probe()
        await ask(server, "CONFIG SET maxmemory 1")
        with pytest.raises(StoreError, match=r"its memory is full"):
            await store.charge("1", a_charge(("k", 5, DAY_MS)))
        with pytest.raises(StoreError):
            await store.probe()


async def test_a_server_that_does_not_answer_costs_the_deadline_and_no_more(
    tmp_path: Path,
) -> None:
    """The charge fails, and later ones are answered again by the same connection."""
    async with running_redis(tmp_path) as server:
        async with redis_store(server.url, deadline_s=0.05) as store:
            charge = a_charge(("k", 5, DAY_MS))
            await store.probe()
            server.freeze()
            with pytest.raises(StoreError, match=r"did not answer within 0\.05 s"):
                await store.charge("1", charge)
            server.thaw()
        async with redis_store(server.url) as patient:
            assert (await patient.charge("2", charge)).remaining == (3,)


async def test_what_has_expired_is_not_sent_any_more(tmp_path: Path) -> None:
    """A charge that was settled without the store is not counted there later."""
    charge = a_charge(("k", 5, DAY_MS))
    async with running_redis(tmp_path) as server:
        async with redis_store(server.url, deadline_s=0.05, connections=1) as store:
            await store.probe()
            server.freeze()
            sent = store.charge("1", charge)
            await asyncio.sleep(0)
            await asyncio.gather(sent, store.charge("2", charge), return_exceptions=True)
            server.thaw()
            await until_answered(store)
        async with redis_store(server.url) as patient:
            assert (await patient.charge("3", charge)).remaining == (3,)


async def test_what_waits_to_be_sent_is_bounded(tmp_path: Path) -> None:
    """A slow server cannot fill the adapter's memory."""
    async with (
        running_redis(tmp_path) as server,
        redis_store(server.url, deadline_s=0.05, max_waiting=3) as store,
    ):
        charge = a_charge(("k", 5, DAY_MS))
        waiting = [store.charge(f"{n}", charge) for n in range(3)]
        with pytest.raises(StoreError, match="3 charges wait"):
            store.charge("4", charge)
        await asyncio.gather(*waiting, return_exceptions=True)


async def test_closing_fails_what_is_under_way(tmp_path: Path) -> None:
    """No Check hangs when the adapter stops."""
    async with running_redis(tmp_path) as server:
        async with redis_store(server.url) as store:
            await store.probe()
            server.freeze()
            answer = store.charge("1", a_charge(("k", 5, DAY_MS)))
            await asyncio.sleep(0)
        with pytest.raises(StoreError, match="stopping"):
            await answer
        server.thaw()
