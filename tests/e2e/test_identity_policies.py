"""Policies that find out who calls, through a real Envoy."""

import base64
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from adapter.envoy_config import ApiRoute, render
from adapter.policy.catalog import AppliedPolicy
from adapter.runtime.clock import SystemClock
from support.defaults import envoy_config, ldap_users
from support.token_issuer import TokenIssuer, public_pem
from support.upstream import Upstream
from tests.builders import api, applied, contract
from tests.rig.adapters import AdapterInProcess
from tests.rig.certificates import Authority
from tests.rig.envoy import Envoy
from tests.rig.raw_http import Answer, request
from tests.rig.slapd import ACCOUNT, ACCOUNT_PASSWORD, PASSWORD, PEOPLE, Slapd, running_slapd

pytestmark = pytest.mark.asyncio(loop_scope="session")

ASKS_FOR_PASSWORD = 'Basic realm="mule-realm"'
LDAP = applied(
    "ldap-authentication",
    {
        "ldapServerUserDn": ACCOUNT,
        "ldapServerUserPassword": ACCOUNT_PASSWORD,
        "ldapSearchBase": PEOPLE,
    },
)
ISSUER = TokenIssuer("RS256")
CHAINS: dict[str, tuple[AppliedPolicy, ...]] = {
    "basic": (applied("http-basic-authentication", {"username": "zoë", "password": "pa:ss"}),),
    "ldap": (LDAP,),
    "tokens": (applied("jwt-validation", {"textKey": public_pem(ISSUER.key)}),),
}


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Envoy, and the identity providers that its adapter asks."""

    envoy: Envoy
    slapd: Slapd

    async def ask(self, name: str, *headers: tuple[str, str]) -> Answer:
        """Send one request to an API."""
        return await request(self.envoy.address, f"{name}.test", "/", headers)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """All chains behind one Envoy, each on a domain of its own."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    trusted = {"allow_networks": ["127.0.0.0/8"], "ca_file": authority.certificate}
    users = ldap_users(SystemClock(), **trusted)
    async with running_slapd(tmp_path_factory.mktemp("slapd"), authority) as slapd:
        there = replace(LDAP, configuration={**LDAP.configuration, "ldapServerURL": slapd.url})
        chains = {**CHAINS, "ldap": (there,)}
        apis = [api(name, chain, [contract("client-1")]) for name, chain in chains.items()]
        async with AdapterInProcess(apis, users=users) as adapter:
            config = envoy_config(
                apis=tuple(
                    ApiRoute(name, upstream.http_address, (f"{name}.test",)) for name in CHAINS
                ),
                adapters=(adapter.address,),
                check_timeout_s=5,
                health_interval_s=0.2,
            )
            async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy")) as envoy:
                yield Gateway(envoy, slapd)
        await users.close()


def basic(name: str, password: str) -> tuple[str, str]:
    """A header with a user's credentials."""
    pair = base64.b64encode(f"{name}:{password}".encode())
    return "authorization", f"Basic {pair.decode()}"


async def test_http_basic_authentication(gateway: Gateway) -> None:
    """The user passes, and the upstream learns the name; others are asked for a password."""
    user = basic("zoë", "pa:ss")
    answer = await gateway.ask("basic", user)
    assert (answer.status, answer.upstream_saw("x-adapter-principal")) == (200, ["zoë"])
    assert answer.upstream_saw("authorization") == [user[1]]
    for headers in ([basic("zoë", "other")], []):
        refused = await gateway.ask("basic", *headers)
        assert (refused.status, refused.header("www-authenticate")) == (401, ASKS_FOR_PASSWORD)


async def test_ldap_authentication(gateway: Gateway) -> None:
    """Over StartTLS: who the server knows passes, by the server's name; others do not."""
    for _ in range(2):
        answer = await gateway.ask("ldap", basic("ALICE", PASSWORD))
        assert (answer.status, answer.upstream_saw("x-adapter-principal")) == (200, ["alice"])
    for headers in ([basic("alice", "wrong")], [basic("*", PASSWORD)], [basic("alice", "")], []):
        refused = await gateway.ask("ldap", *headers)
        assert (refused.status, refused.header("www-authenticate")) == (401, ASKS_FOR_PASSWORD)


async def test_an_ldap_server_that_is_down_lets_nobody_in(gateway: Gateway) -> None:
    """It is an error, not a denial: the operator decides in Envoy what follows from it."""
    gateway.slapd.stop()
    try:
        answer = await gateway.ask("ldap", basic("alice", "another password"))
        assert (answer.status, answer.header("x-adapter-reason")) == (503, None)
    finally:
        await gateway.slapd.start()
    assert (await gateway.ask("ldap", basic("alice", "another password"))).status == 401


async def test_jwt_validation(gateway: Gateway) -> None:
    """A token of a client with a contract passes, and the upstream learns who calls."""
    claims = {"sub": "zoë", "client_id": "client-1", "exp": time.time() + 600}
    good, expired, stranger = (
        ("authorization", f"Bearer {ISSUER.token(claims | changes)}")
        for changes in ({}, {"exp": 1}, {"client_id": "nobody"})
    )
    answer = await gateway.ask("tokens", good)
    assert (answer.status, answer.upstream_saw("x-adapter-principal")) == (200, ["zoë"])
    assert answer.upstream_saw("x-adapter-client-id") == ["client-1"]
    for refused in (await gateway.ask("tokens", expired), await gateway.ask("tokens", stranger)):
        assert refused.status == 401
        assert refused.header("www-authenticate") == 'Bearer error="invalid_token"'
    absent = await gateway.ask("tokens")
    assert (absent.status, absent.header("x-adapter-reason")) == (400, "token_missing")
