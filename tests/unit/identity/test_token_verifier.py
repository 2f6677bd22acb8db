"""The memory of verified tokens, and tokens whose keys have to be fetched."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from adapter.errors import ProviderError
from adapter.identity.tokens.verifier import TokenVerifier
from adapter.policy.effects.token import NoKeys, RefusedToken, VerifiedToken
from adapter.policy.tokens.jwk import read_key_set
from adapter.policy.tokens.trust import TokenTrust
from support.defaults import key_sets, token_verifier
from support.token_issuer import TokenIssuer, key_set
from tests.rig.clock import FakeClock
from tests.unit.identity.key_server import KeyServer, an_effect, settled_after

OLD = TokenIssuer("RS256", "old")
NEW = TokenIssuer("RS256", "new")
CLAIMS = {"sub": "ann"}


def trusting(*issuers: TokenIssuer) -> TokenTrust:
    """A policy that contains these keys."""
    return TokenTrust(read_key_set(key_set(*(i.jwk for i in issuers))).keys, {"RS256"})


def fetching(server: KeyServer, clock: FakeClock, **changes: Any) -> TokenVerifier:
    """A verifier that fetches keys from there."""
    return token_verifier(clock, key_sets(clock, fetch=server.fetch), **changes)


class TestMemory:
    """What is remembered, and for how long."""

    def test_random_tokens_evict_nothing(self) -> None:
        """Whatever a flood of invented tokens is, good clients' tokens stay."""
        clock, trust = FakeClock(), trusting(OLD)
        verifier = token_verifier(clock, max_remembered=100)
        good = [OLD.token(CLAIMS | {"n": n}) for n in range(50)]
        assert all(isinstance(verifier.verify(an_effect(t, trust)), VerifiedToken) for t in good)
        forger = TokenIssuer("RS256", "old")
        for n in range(200):
            forged = forger.token(CLAIMS | {"n": n})
            assert isinstance(verifier.verify(an_effect(forged, trust)), RefusedToken)
        for token in good:
            verifier.verify(an_effect(token, trust))
        assert verifier.counts == {"verified": 50, "refused": 200, "remembered": 50}

    def test_the_memory_is_bounded_by_size(self) -> None:
        """A long token counts as several, so memory is bounded, not just the number."""
        verifier, trust = token_verifier(FakeClock(), max_remembered=100), trusting(OLD)
        for n in range(40):
            verifier.verify(an_effect(OLD.token({"n": n, "x": "y" * 7_000}), trust))
        assert verifier.remembered <= 100

    def test_another_policy_does_not_take_over_what_one_remembers(self) -> None:
        """The same token may be worthless where other keys are trusted."""
        verifier, token = token_verifier(FakeClock()), OLD.token(CLAIMS)
        assert isinstance(verifier.verify(an_effect(token, trusting(OLD))), VerifiedToken)
        assert isinstance(verifier.verify(an_effect(token, trusting(NEW))), RefusedToken)

    def test_what_a_policy_requires_of_claims_is_checked_once(self) -> None:
        """Claims never change. Another policy has its own requirements."""
        seen: list[Any] = []

        def check(claims: Mapping[str, Any]) -> str | None:
            seen.append(claims["sub"])
            return None if claims["sub"] == "ann" else "not ann"

        verifier, keys = token_verifier(FakeClock()), trusting(OLD).keys
        picky = TokenTrust(keys, {"RS256"}, [check])
        ann, bob = OLD.token(CLAIMS), OLD.token({"sub": "bob"})
        for _ in range(3):
            assert isinstance(verifier.verify(an_effect(ann, picky)), VerifiedToken)
            assert verifier.verify(an_effect(bob, picky)) == RefusedToken("not ann")
        assert seen == ["ann", "bob"]
        assert isinstance(verifier.verify(an_effect(bob, trusting(OLD))), VerifiedToken)
        assert verifier.counts == {"verified": 2, "remembered": 2, "refused": 3}

    @pytest.mark.parametrize("token", ["", "a.b.c", "é", "\ud800", "x" * 100_000])
    def test_no_text_raises(self, token: str) -> None:
        """A denial is a value."""
        assert isinstance(
            token_verifier(FakeClock()).verify(an_effect(token, trusting(OLD))), RefusedToken
        )


async def test_the_first_check_waits_for_the_keys() -> None:
    """When a policy is new, or the adapter has just started."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    effect = an_effect(OLD.token(CLAIMS))
    assert verifier.verify(effect) is None
    assert isinstance(await verifier.verify_later(effect, 1.0), VerifiedToken)
    assert isinstance(verifier.verify(effect), VerifiedToken)


async def test_checks_that_wait_share_one_fetch() -> None:
    """However many there are."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    server.held.clear()
    waiting = [
        asyncio.ensure_future(verifier.verify_later(an_effect(OLD.token({"n": n})), 20.0))
        for n in range(50)
    ]
    await clock.settle()
    server.held.set()
    assert all(isinstance(state, VerifiedToken) for state in await asyncio.gather(*waiting))
    assert len(server.fetched) == 1


async def test_a_provider_that_is_down_is_not_the_clients_fault() -> None:
    """Nobody can say whether the token is good: 503, with the reason for operators."""
    clock, server = FakeClock(), KeyServer(OLD)
    server.fault = ProviderError("https://issuer.test: refused")
    state = await fetching(server, clock).verify_later(an_effect(OLD.token(CLAIMS)), 1.0)
    assert isinstance(state, NoKeys)
    assert "issuer.test: refused" in state.why


async def test_a_provider_that_is_slow_is_not_waited_for_longer_than_envoy_waits() -> None:
    """An answer after Envoy's deadline is no answer."""
    clock, server = FakeClock(), KeyServer(OLD)
    server.held.clear()
    state = await fetching(server, clock).verify_later(an_effect(OLD.token(CLAIMS)), 0.05)
    assert isinstance(state, NoKeys)


async def test_a_rotated_key_is_found_at_once() -> None:
    """Its first token triggers the fetch, and is accepted; so is an old one."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    await verifier.verify_later(an_effect(OLD.token(CLAIMS)), 1.0)
    await clock.advance(30)
    server.serve(OLD, NEW)
    new, old = an_effect(NEW.token(CLAIMS)), an_effect(OLD.token(CLAIMS))
    assert verifier.verify(new) is None
    assert isinstance(verifier.verify(old), VerifiedToken)
    assert isinstance(await verifier.verify_later(new, 1.0), VerifiedToken)
    assert isinstance(verifier.verify(old), VerifiedToken)


@pytest.mark.parametrize("key_id", ["old", None])
async def test_a_withdrawn_key_ends_its_tokens_although_they_are_remembered(
    key_id: str | None,
) -> None:
    """The memory goes with the key set."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    effect = an_effect(OLD.token(CLAIMS, {"kid": key_id}))
    assert isinstance(await verifier.verify_later(effect, 1.0), VerifiedToken)
    await clock.advance(30)
    server.serve(NEW)
    assert isinstance(await verifier.verify_later(an_effect(NEW.token(CLAIMS)), 1.0), VerifiedToken)
    assert verifier.verify(effect) is None
    assert isinstance(await verifier.verify_later(effect, 1.0), RefusedToken)


async def test_invented_key_ids_cause_one_fetch_in_each_cooldown() -> None:
    """A flood of them does not reach the provider, and does not wait."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    await verifier.verify_later(an_effect(OLD.token(CLAIMS)), 1.0)
    await clock.advance(30)
    for n in range(300):
        token = TokenIssuer("RS256", f"invented-{n}", NEW.key).token(CLAIMS)
        assert isinstance(await verifier.verify_later(an_effect(token), 1.0), RefusedToken)
    assert len(server.fetched) == 2
    await clock.advance(5)
    await verifier.verify_later(an_effect(NEW.token(CLAIMS)), 1.0)
    assert len(server.fetched) == 3


async def test_a_good_token_in_the_cooldown_waits_for_its_end() -> None:
    """If Envoy waits long enough, an invented key id just before a rotation harms nobody."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    await verifier.verify_later(an_effect(OLD.token(CLAIMS)), 1.0)
    await clock.advance(2)
    invented = an_effect(TokenIssuer("RS256", "invented", NEW.key).token(CLAIMS))
    assert isinstance(await verifier.verify_later(invented, 1.0), RefusedToken)
    server.serve(OLD, NEW)
    new = an_effect(NEW.token(CLAIMS))
    assert isinstance(await verifier.verify_later(new, 1.0), RefusedToken)
    pending = asyncio.ensure_future(verifier.verify_later(new, 10.0))
    await clock.advance(6)
    assert isinstance(await pending, VerifiedToken)
    assert len(server.fetched) == 3


async def test_a_key_that_is_new_right_after_the_start_is_found_at_once() -> None:
    """Regular fetches cause no cool-down, and neither do earlier rotations."""
    clock, server = FakeClock(), KeyServer()
    verifier = fetching(server, clock)
    for issuer in (OLD, NEW, TokenIssuer("RS256", "newer")):
        server.serve(issuer)
        effect = an_effect(issuer.token(CLAIMS))
        assert isinstance(await verifier.verify_later(effect, 1.0), VerifiedToken)
        await clock.advance(1)


async def test_those_who_wait_are_bounded() -> None:
    """Above the bound, the answer is a denial and not a failure, which Envoy might allow."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    server.held.clear()
    effect = an_effect(OLD.token(CLAIMS))
    waiting = [asyncio.ensure_future(verifier.verify_later(effect, 60.0)) for _ in range(1_000)]
    await clock.settle()
    state = await verifier.verify_later(effect, 60.0)
    assert isinstance(state, NoKeys)
    assert "too many" in state.why
    server.held.set()
    assert all(isinstance(state, VerifiedToken) for state in await asyncio.gather(*waiting))


async def test_a_check_that_is_gone_does_not_end_the_fetch_of_the_others() -> None:
    """Envoy cancels a Check when its client goes away."""
    clock, server = FakeClock(), KeyServer(OLD)
    verifier = fetching(server, clock)
    server.held.clear()
    effect = an_effect(OLD.token(CLAIMS))
    gone = asyncio.ensure_future(verifier.verify_later(effect, 60.0))
    await clock.settle()
    other = verifier.verify_later(effect, 60.0)
    gone.cancel()
    assert isinstance(await settled_after(clock, other, server.held.set), VerifiedToken)
    assert len(server.fetched) == 1
