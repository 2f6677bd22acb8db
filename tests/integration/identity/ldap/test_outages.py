"""LDAP servers that are down, slow, or asked too much."""

import asyncio
import ssl
from ipaddress import ip_network
from pathlib import Path

import pytest

from adapter.errors import OverloadError, ProviderError
from adapter.identity.ldap.connection import ConnectionOptions, connect
from adapter.identity.ldap.pool import ConnectionPool
from adapter.identity.outbound.address_guard import AddressGuard
from adapter.policy.effects.user import Verification
from tests.integration.identity.ldap.asking import directory, request, users, verified
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock
from tests.rig.polling import until
from tests.rig.slapd import ACCOUNT, ACCOUNT_PASSWORD, Slapd, running_slapd

pytestmark = pytest.mark.asyncio(loop_scope="session")

ALICE = Verification("alice")


async def test_a_server_that_was_down_is_used_again(
    directory_of_own: Path, authority: Authority
) -> None:
    """Meanwhile there is no answer, and remembered users are let in."""
    clock = FakeClock()
    async with running_slapd(directory_of_own, authority) as server:
        where = directory(server.port, in_subtree=True)
        async with users(clock=clock, allow_plain_ldap=True) as asked:
            assert await verified(asked, where, "alice") == ALICE
            server.stop()
            assert await verified(asked, where, "alice") == ALICE
            with pytest.raises(ProviderError, match=r"127\.0\.0\.1:\d+: cannot connect"):
                await verified(asked, where, "deep")
            (alarm,) = asked.alarms.items()
            assert alarm[0] == f"LDAP server 127.0.0.1:{server.port}"
            assert alarm[1].startswith("cannot connect")
            await server.start()
            assert await verified(asked, where, "deep") == Verification("deep")
            assert not asked.alarms


async def test_a_connection_that_the_server_closed_is_replaced(
    directory_of_own: Path, authority: Authority
) -> None:
    """No request fails because the server was restarted since the last one."""
    async with (
        running_slapd(directory_of_own, authority) as server,
        users(allow_plain_ldap=True, ldap_remember_s=0) as asked,
    ):
        where = directory(server.port)
        for _ in range(2):
            assert await verified(asked, where, "alice") == ALICE
            server.stop()
            await server.start()
        assert await verified(asked, where, "alice") == ALICE


async def test_a_server_that_does_not_answer_is_left_after_the_timeout(
    directory_of_own: Path, authority: Authority
) -> None:
    """With an error that names the server; afterwards it is asked again."""
    async with running_slapd(directory_of_own, authority) as server:
        where = directory(server.port)
        async with users(allow_plain_ldap=True, ldap_timeout_s=0.3) as asked:
            server.freeze()
            with pytest.raises(ProviderError, match=r":\d+: no answer within 0\.3 s"):
                await verified(asked, where, "alice")
            server.thaw()
        async with users(allow_plain_ldap=True) as asked:
            assert await verified(asked, where, "alice") == ALICE


async def test_a_check_waits_no_longer_than_envoy(
    directory_of_own: Path, authority: Authority
) -> None:
    """The request goes on for others, who then find it remembered."""
    async with running_slapd(directory_of_own, authority) as server:
        where = directory(server.port)
        async with users(allow_plain_ldap=True) as asked:
            server.freeze()
            patient = asyncio.ensure_future(verified(asked, where, "alice"))
            with pytest.raises(ProviderError, match="Envoy's deadline"):
                await verified(asked, where, "alice", wait_s=0.1)
            server.thaw()
            assert await patient == ALICE
            assert asked.counts["accepted"] == 1
            assert asked.verify(request(where, "alice"), 0.0) == ALICE


async def test_checks_with_equal_credentials_share_one_request(slapd: Slapd) -> None:
    """A page that loads fifty parts asks the server once."""
    async with users(allow_plain_ldap=True, ldap_concurrency=1) as asked:
        where = directory(slapd.port)
        answers = await asyncio.gather(*(verified(asked, where, "alice") for _ in range(50)))
        assert answers == [ALICE] * 50
        assert asked.counts["accepted"] == 1


async def test_above_the_limit_a_check_fails_at_once(slapd: Slapd) -> None:
    """It neither waits nor is allowed; remembered users do not need the server."""
    async with users(allow_plain_ldap=True, ldap_concurrency=4) as asked:
        where = directory(slapd.port, in_subtree=True)
        assert await verified(asked, where, "alice") == ALICE
        waiting = [asyncio.ensure_future(verified(asked, where, f"u{n}")) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError, match=r"identity\.ldap_concurrency"):
            asked.verify(request(where, "deep"), None)
        assert asked.verify(request(where, "alice"), None) == ALICE
        assert all(answer.refusal for answer in await asyncio.gather(*waiting))
        assert await verified(asked, where, "deep") == Verification("deep")
        assert asked.counts["overload"] == 1


async def test_a_flood_leaves_places_for_known_users(slapd: Slapd) -> None:
    """A user who has to be asked about again is, although random passwords fill their half."""
    async with users(allow_plain_ldap=True, ldap_concurrency=4, ldap_remember_s=0) as asked:
        where = directory(slapd.port, in_subtree=True)
        assert await verified(asked, where, "alice") == ALICE
        flood = [asyncio.ensure_future(verified(asked, where, f"u{n}")) for n in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            asked.verify(request(where, "alice", "wrong"), None)
        assert await verified(asked, where, "alice") == ALICE
        assert all(answer.refusal for answer in await asyncio.gather(*flood))


async def test_one_server_that_hangs_does_not_hold_up_another(
    slapd: Slapd, directory_of_own: Path, authority: Authority
) -> None:
    """Each has places of its own."""
    async with (
        running_slapd(directory_of_own, authority) as hanging,
        users(allow_plain_ldap=True, ldap_concurrency=1) as asked,
    ):
        hanging.freeze()
        stuck = asyncio.ensure_future(verified(asked, directory(hanging.port), "alice"))
        assert await verified(asked, directory(slapd.port), "alice") == ALICE
        hanging.thaw()
        assert await stuck == ALICE


async def test_a_user_is_remembered_for_a_short_time(slapd: Slapd) -> None:
    """Under these credentials and this policy only."""
    clock = FakeClock()
    async with users(clock=clock, allow_plain_ldap=True, ldap_remember_s=30) as asked:
        where = directory(slapd.port)
        assert await verified(asked, where, "alice") == ALICE
        assert asked.verify(request(where, "alice"), None) == ALICE
        assert (await verified(asked, where, "alice", "wrong")).refusal
        assert (await verified(asked, directory(slapd.port, base="dc=x"), "alice")).refusal
        await clock.advance(31)
        assert await verified(asked, where, "alice") == ALICE
        assert asked.counts["accepted"] == 2


async def test_a_flood_of_wrong_passwords_displaces_nobody(slapd: Slapd) -> None:
    """Nor do other spellings of one user's name: each user takes one place."""
    async with users(allow_plain_ldap=True, ldap_remembered_users=2) as asked:
        where = directory(slapd.port, in_subtree=True)
        assert await verified(asked, where, "deep") == Verification("deep")
        for number in range(20):
            assert (await verified(asked, where, f"user-{number}", "x")).refusal
            assert (await verified(asked, where, "alice", f"{number}")).refusal
            assert await verified(asked, where, " " * number + "alice") == ALICE
        assert asked.verify(request(where, "deep"), None) == Verification("deep")


async def test_idle_connections_are_closed_after_a_while(slapd: Slapd) -> None:
    """So nothing stays open for policies that were removed."""
    options = ConnectionOptions(AddressGuard([ip_network("127.0.0.0/8")]), no_tls, allow_plain=True)
    account = directory(slapd.port).account
    pool = ConnectionPool(lambda: connect(account, options), idle_s=0.05)
    assert await pool.run(lambda connection: connection.bind(ACCOUNT, ACCOUNT_PASSWORD)) == ""
    assert len(pool) == 1
    await until(lambda: len(pool) == 0)


async def no_tls() -> ssl.SSLContext:
    """There is no TLS here."""
    raise AssertionError
