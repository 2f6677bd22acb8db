"""Every way to name a store by URL, on real servers."""

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from adapter.errors import ConfigurationError, StoreError
from adapter.quota.redis.client import open_client
from adapter.quota.redis.url import RedisUrl
from support.defaults import redis_options
from tests.rig.certificates import Authority
from tests.rig.quota import a_charge, redis_store
from tests.rig.redis_server import (
    RedisSentinel,
    RedisServer,
    ask,
    free_port,
    running_cluster,
    running_redis,
)
from tests.rig.tls_front import server_tls, tls_in_front_of

HOUR_MS = 3_600_000
CHARGE = a_charge(("k", 2, HOUR_MS), ("k", 5, 2 * HOUR_MS))


async def test_a_password_is_given_and_a_wrong_one_reported_without_it(tmp_path: Path) -> None:
    """A protected server counts for those who know the password."""
    async with running_redis(tmp_path, "--requirepass", "let me:in") as server:
        async with redis_store(f"redis://:let%20me%3Ain@127.0.0.1:{server.port}") as store:
            await store.probe()
            assert (await store.charge("1", CHARGE)).admitted
        async with redis_store(f"redis://:guessed@127.0.0.1:{server.port}") as store:
            with pytest.raises(StoreError, match="refuses the user name or password") as failure:
                await store.probe()
            assert "guessed" not in str(failure.value)


async def test_a_database_of_its_own(tmp_path: Path) -> None:
    """The number in the path chooses it."""
    async with running_redis(tmp_path) as server:
        async with redis_store(f"{server.url}/3") as store:
            await store.charge("1", CHARGE)
        assert "db3:keys=3" in await ask(server, "INFO keyspace")


async def test_sentinels_tell_where_the_server_is(tmp_path: Path) -> None:
    """And the store charges there."""
    async with running_redis(tmp_path) as server:
        sentinel = RedisSentinel(tmp_path, server)
        await sentinel.start()
        try:
            nobody = free_port()
            url = f"redis+sentinel://127.0.0.1:{nobody},127.0.0.1:{sentinel.port}"
            async with redis_store(f"{url}/quotas") as store:
                await store.probe()
                assert (await store.charge("1", CHARGE)).remaining == (1, 4)
            async with redis_store(f"{url}/unknown") as store:
                with pytest.raises(StoreError, match="Sentinels do not name a server"):
                    await store.probe()
        finally:
            sentinel.stop()


async def test_sentinels_lead_to_the_next_server_after_a_failover(tmp_path: Path) -> None:
    """A replica that takes over goes on counting where the lost server stopped."""
    async with AsyncExitStack() as stack:
        folders = [tmp_path / name for name in ("first", "second", "sentinel")]
        for folder in folders:
            folder.mkdir()
        first = await stack.enter_async_context(running_redis(folders[0]))
        following = ("--replicaof", "127.0.0.1", f"{first.port}")
        second = await stack.enter_async_context(running_redis(folders[1], *following))
        await _until_it_holds(second, "INFO replication", "master_link_status:up")
        sentinel = RedisSentinel(folders[2], first)
        await sentinel.start()
        stack.callback(sentinel.stop)
        await _until_it_holds(sentinel, "INFO sentinel", "slaves=1")
        url = f"redis+sentinel://127.0.0.1:{sentinel.port}/quotas"
        store = await stack.enter_async_context(redis_store(url))
        await store.charge("1", CHARGE)
        assert await ask(first, "WAIT 1 10000") == ":1"
        first.stop()
        async with asyncio.timeout(30):
            while not await _works(store.probe()):  # noqa: ASYNC110 - nobody tells us when
                await asyncio.sleep(0.05)
        assert (await store.charge("2", CHARGE)).remaining == (0, 3)


async def test_a_cluster_counts_each_key_on_its_node(tmp_path: Path) -> None:
    """All nodes take part, and all limits of one key are charged at once."""
    async with running_cluster(tmp_path, 3) as servers:
        async with redis_store(f"redis+cluster://127.0.0.1:{servers[1].port}") as store:
            await store.probe()
            charges = [
                store.charge(
                    f"{n}", a_charge((f"{n % 30}", 2, HOUR_MS), (f"{n % 30}", 9, 2 * HOUR_MS))
                )
                for n in range(120)
            ]
            states = await asyncio.gather(*charges)
        assert sum(state.admitted for state in states) == 60
        for server in servers:
            assert int((await ask(server, "DBSIZE")).lstrip(":")) > 0


async def test_a_cluster_that_lost_a_node_fails_for_its_keys_alone(tmp_path: Path) -> None:
    """Charges of the other nodes' keys in the same round trip are answered."""
    async with running_cluster(tmp_path, 3) as servers:
        for server in servers:
            await ask(server, "CONFIG SET cluster-require-full-coverage no")
        url = f"redis+cluster://127.0.0.1:{servers[0].port},127.0.0.1:{servers[1].port}"
        async with redis_store(url) as store:
            await store.probe()
            servers[2].stop()
            charges = [store.charge("", a_charge((f"{n}", 2, HOUR_MS))) for n in range(60)]
            outcomes = await asyncio.gather(*charges, return_exceptions=True)
            failed = [o for o in outcomes if isinstance(o, StoreError)]
            assert 0 < len(failed) < 60
            with pytest.raises(StoreError):
                await store.probe()


async def test_tls_verifies_the_server(tmp_path: Path) -> None:
    """An unknown authority's certificate, or another server's, is refused."""
    authority = Authority(tmp_path)
    tls = server_tls(authority.issue("store"))
    async with running_redis(tmp_path) as server, tls_in_front_of(server.port, tls) as port:
        url = f"rediss://127.0.0.1:{port}"
        trusting = redis_options(ca_file=str(authority.certificate))
        async with redis_store(url, options=trusting) as store:
            await store.probe()
            assert (await store.charge("1", CHARGE)).admitted
        async with redis_store(url) as store:
            with pytest.raises(StoreError, match="its certificate is not trusted"):
                await store.probe()
        async with redis_store(f"rediss://localhost:{port}", options=trusting) as store:
            with pytest.raises(StoreError, match="its certificate is not trusted"):
                await store.probe()


def test_certificates_that_cannot_be_read_are_reported_at_once(tmp_path: Path) -> None:
    """Not with the first Check."""
    url = RedisUrl.parse("rediss://localhost")
    with pytest.raises(ConfigurationError, match=r"quota\.ca_file"):
        open_client(url, redis_options(ca_file=str(tmp_path / "missing.pem")))


async def _until_it_holds(server: RedisServer, question: str, answer: str) -> None:
    async with asyncio.timeout(30):
        while answer not in await ask(server, question):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def _works(attempt: Awaitable[None]) -> bool:
    try:
        await attempt
    except StoreError:
        return False
    return True
