"""Policies that introspect tokens, through a real Envoy, with a real identity provider."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio

from adapter.app.introspection import Introspection
from adapter.envoy_config import ApiRoute, render
from adapter.policy.catalog import AppliedPolicy
from adapter.runtime.clock import SystemClock
from adapter.settings import IdentitySettings
from support.defaults import envoy_config, provider_clients
from support.upstream import Upstream
from tests.builders import api, applied, contract
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.identity_provider import (
    GATEWAY,
    IdentityProvider,
    authorization,
    running_provider,
)
from tests.rig.raw_http import Answer, request

pytestmark = pytest.mark.asyncio(loop_scope="session")

OAUTH: Final = applied("oauth2-token-introspection", {"scopes": "read", "exposeHeaders": True})
OPENID: Final = applied("openidconnect-access-token-enforcement", {"scopes": "read"})
CHAINS: dict[str, tuple[AppliedPolicy, ...]] = {"oauth": (OAUTH,), "openid": (OPENID,)}
CONTRACTS: Final = [contract("app")]


@dataclass(frozen=True, slots=True)
class Gateway:
    """An Envoy, its adapter, and the provider that knows the tokens."""

    envoy: Envoy
    adapter: AdapterInProcess
    provider: IdentityProvider
    introspection: Introspection

    async def ask(self, name: str, token: str, *headers: tuple[str, str]) -> Answer:
        """Send one request with a token to an API."""
        bearer = ("authorization", f"Bearer {token}")
        return await request(self.envoy.address, f"{name}.test", "/", (bearer, *headers))


def chains(provider: IdentityProvider) -> dict[str, tuple[AppliedPolicy, ...]]:
    """The chains, with the provider's address."""
    there = {
        "introspectionURL": provider.introspection_url,
        "authorizationValue": authorization(*GATEWAY),
    }
    return {**CHAINS, "oauth": (replace(OAUTH, configuration={**OAUTH.configuration, **there}),)}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def gateway(
    binary: Path, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Gateway]:
    """Both policies behind one Envoy, each on a domain of its own."""
    async with running_provider(tmp_path_factory.mktemp("provider")) as provider:
        client_id, secret = GATEWAY
        settings = IdentitySettings(
            allow_http=True,
            allow_networks=["127.0.0.0/8"],
            client_provider={
                "issuer": provider.issuer,
                "client_id": client_id,
                "client_secret": secret,
            },
        )
        clients = provider_clients(settings, SystemClock())
        introspection = Introspection(settings, clients, SystemClock())
        apis = [api(name, chain, CONTRACTS) for name, chain in chains(provider).items()]
        async with AdapterInProcess(apis, introspector=introspection.introspector) as adapter:
            config = envoy_config(
                apis=tuple(
                    ApiRoute(name, upstream.http_address, (f"{name}.test",)) for name in CHAINS
                ),
                adapters=(adapter.address,),
                check_timeout_s=5,
                health_interval_s=0.2,
            )
            async with Envoy(binary, render(config), tmp_path_factory.mktemp("envoy")) as envoy:
                yield Gateway(envoy, adapter, provider, introspection)
        await introspection.introspector.close()
        await clients.close()


@pytest.mark.parametrize("name", CHAINS)
async def test_who_has_an_active_token_passes(gateway: Gateway, name: str) -> None:
    """The upstream learns which client application calls."""
    token = await gateway.provider.token()
    answer = await gateway.ask(name, token)
    assert (answer.status, answer.upstream_saw("x-adapter-client-id")) == (200, ["app"])


@pytest.mark.parametrize("name", CHAINS)
async def test_who_has_none_does_not(gateway: Gateway, name: str) -> None:
    """Each with the status that the vendor documents, and a challenge."""
    provider = gateway.provider
    wrong_scope = await gateway.ask(name, await provider.token(scope="write"))
    assert (wrong_scope.status, wrong_scope.header("x-adapter-reason")) == (403, "scope_missing")
    assert wrong_scope.header("www-authenticate") == (
        'Bearer error="insufficient_scope", scope="read"'
    )
    invented = await gateway.ask(name, "invented")
    assert (invented.status, invented.header("www-authenticate")) == (
        401,
        'Bearer error="invalid_token"',
    )
    no_contract = await gateway.ask(name, await provider.token("other"))
    assert (no_contract.status, no_contract.header("x-adapter-reason")) == (
        403,
        "credentials_invalid",
    )
    nothing = await request(gateway.envoy.address, f"{name}.test", "/", ())
    assert (nothing.status, nothing.header("www-authenticate")) == (400, "Bearer")


async def test_the_upstream_sees_the_fields_of_the_answer_and_no_forged_ones(
    gateway: Gateway,
) -> None:
    """Whatever the spelling of what the client sends."""
    forged = (("X-AGW-client_id", "boss"), ("x-agw-client-id", "boss"), ("x-agw-role", "boss"))
    answer = await gateway.ask("oauth", await gateway.provider.token(), *forged)
    assert answer.upstream_saw("x-agw-client_id") == ["app"]
    assert answer.upstream_saw("x-agw-iss") == [gateway.provider.issuer]
    for name in ("x-agw-client-id", "x-agw-role", "x-agw-scope", "x-agw-exp"):
        assert answer.upstream_saw(name) == []


async def test_a_revoked_contract_counts_although_the_token_is_remembered(
    gateway: Gateway,
) -> None:
    """As soon as the snapshot without it is published; the provider is not asked again."""
    token = await gateway.provider.token()
    assert (await gateway.ask("oauth", token)).status == 200
    asked = gateway.introspection.introspector.counts["active"]
    chain = chains(gateway.provider)["oauth"]
    gateway.adapter.snapshots.publish([api("oauth", chain, [])])
    refused = await gateway.ask("oauth", token)
    assert (refused.status, refused.header("x-adapter-reason")) == (403, "credentials_invalid")
    gateway.adapter.snapshots.publish([api("oauth", chain, CONTRACTS)])
    assert (await gateway.ask("oauth", token)).status == 200
    assert gateway.introspection.introspector.counts["active"] == asked


async def test_many_requests_with_a_new_token_are_one_question(gateway: Gateway) -> None:
    """All of them wait for the same answer."""
    introspector = gateway.introspection.introspector
    token, asked = await gateway.provider.token(), introspector.counts["active"]
    answers = await asyncio.gather(*(gateway.ask("openid", token) for _ in range(40)))
    assert {answer.status for answer in answers} == {200}
    assert introspector.counts["active"] == asked + 1


async def test_a_provider_that_is_down_lets_in_only_who_is_remembered(gateway: Gateway) -> None:
    """For others it is an error, not a denial: the operator decides what follows from it."""
    known, new = await gateway.provider.token(), await gateway.provider.token()
    assert (await gateway.ask("oauth", known)).status == 200
    gateway.provider.stop()
    try:
        assert (await gateway.ask("oauth", known)).status == 200
        answer = await gateway.ask("oauth", new)
        assert (answer.status, answer.header("x-adapter-reason")) == (503, None)
    finally:
        await gateway.provider.start()
    assert (await gateway.ask("oauth", await gateway.provider.token())).status == 200
