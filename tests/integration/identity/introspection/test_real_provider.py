"""Tokens of a real identity provider: discovery, revocation, outage and return."""

import asyncio
import time

import pytest

from adapter.errors import ProviderError
from adapter.policy.effects.token import RefusedToken, VerifiedToken
from tests.integration.identity.introspection.asking import (
    PATIENT_S,
    answer,
    introspection,
    source_at,
)
from tests.rig.clock import FakeClock
from tests.rig.identity_provider import GATEWAY, IdentityProvider
from tests.rig.polling import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_opaque_token_is_active(provider: IdentityProvider) -> None:
    """The answer says whose it is, and what it is good for."""
    async with introspection() as by:
        state = await answer(by, source_at(provider.introspection_url), await provider.token())
        assert isinstance(state, VerifiedToken)
        assert (state.claims["client_id"], state.claims["scope"]) == ("app", "read")
        assert by.introspector.active.used == 1


async def test_an_invented_token_is_refused(provider: IdentityProvider) -> None:
    """The provider has never heard of it."""
    async with introspection() as by:
        state = await answer(by, source_at(provider.introspection_url), "invented")
        assert isinstance(state, RefusedToken)


@pytest.mark.parametrize("place", ["issuer", "introspection_url"])
async def test_the_client_provider_is_found(provider: IdentityProvider, place: str) -> None:
    """By discovery, or directly."""
    client_id, secret = GATEWAY
    given = {
        place: getattr(provider, place),
        "client_id": client_id,
        "client_secret": secret,
    }
    async with introspection(client_provider=given) as by:
        state = await answer(by, source_at(""), await provider.token())
        assert isinstance(state, VerifiedToken)


async def test_a_revoked_token_is_refused_after_the_time_to_live(
    provider: IdentityProvider,
) -> None:
    """Not before: the provider is not asked in between."""
    clock = FakeClock(time.time())
    async with introspection(clock) as by:
        source, token = source_at(provider.introspection_url, longest_s=60), await provider.token()
        assert isinstance(await answer(by, source, token), VerifiedToken)
        await provider.revoke(token)
        assert isinstance(await answer(by, source, token), VerifiedToken)
        await clock.advance(61)
        assert isinstance(await answer(by, source, token), RefusedToken)


async def test_a_provider_that_stops_answering_delays_nobody_for_long(
    provider: IdentityProvider,
) -> None:
    """Remembered tokens pass, new ones are errors, and afterwards all is well again."""
    async with introspection() as by:
        source = source_at(provider.introspection_url, timeout_s=PATIENT_S)
        known, new = await provider.token(), await provider.token()
        await answer(by, source, known)
        provider.freeze()
        try:
            assert isinstance(await answer(by, source, known), VerifiedToken)
            with pytest.raises(ProviderError, match="deadline"):
                await answer(by, source, new, wait_s=0.05)
        finally:
            provider.thaw()
        assert isinstance(await answer(by, source, new), VerifiedToken)


async def test_a_provider_that_was_down_is_used_again(provider: IdentityProvider) -> None:
    """After a pause that is visible to operators. It has forgotten all tokens."""
    async with introspection() as by:
        source = source_at(provider.introspection_url)
        provider.stop()
        try:
            for number in range(6):
                with pytest.raises(ProviderError):
                    await answer(by, source, f"token-{number}")
            assert by.alarms
        finally:
            await provider.start()

        async def works_again() -> bool:
            try:
                state = await answer(by, source, await provider.token())
            except ProviderError:
                return False
            return isinstance(state, VerifiedToken)

        await eventually(works_again)
        assert not by.alarms


async def test_many_checks_of_a_token_are_one_question(provider: IdentityProvider) -> None:
    """Over one connection."""
    async with introspection() as by:
        source, token = source_at(provider.introspection_url), await provider.token()
        states = await asyncio.gather(*(answer(by, source, token) for _ in range(100)))
        assert len({id(state) for state in states}) == 1
        assert by.introspector.counts["active"] == 1
