"""Remembered answers, shared questions, and what happens while a provider fails."""

import asyncio

import pytest

from adapter.errors import OverloadError, ProviderError
from adapter.policy.effects.token import RefusedToken, UnusableAnswer, VerifiedToken
from tests.rig.clock import FakeClock
from tests.unit.identity.asked_provider import (
    AskedProvider,
    a_source,
    an_effect,
    an_introspector,
    state_of,
)

GOOD = an_effect("good")


async def test_a_token_is_asked_about_once_until_it_expires() -> None:
    """Then the provider decides again."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good", 60, client_id="c1")
    introspector = an_introspector(provider, clock)
    first = await state_of(introspector, GOOD)
    assert isinstance(first, VerifiedToken)
    assert first.claims == {"client_id": "c1"}
    await clock.advance(59.9)
    assert introspector.introspect(GOOD, None) is first
    await clock.advance(0.1)
    assert isinstance(await state_of(introspector, GOOD), RefusedToken)
    assert provider.asked == ["good", "good"]


async def test_a_revoked_token_is_refused_after_the_maximum() -> None:
    """However long it would be valid."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good", 1_000)
    effect = an_effect("good", a_source(longest_s=10))
    introspector = an_introspector(provider, clock)
    assert isinstance(await state_of(introspector, effect), VerifiedToken)
    provider.known.clear()
    await clock.advance(10)
    assert isinstance(await state_of(introspector, effect), RefusedToken)


@pytest.mark.parametrize(("without_exp_s", "questions"), [(0, 2), (5, 1)])
async def test_a_token_without_exp(without_exp_s: float, questions: int) -> None:
    """Is remembered only if the policy says how long."""
    provider = AskedProvider()
    provider.add("good", None)
    effect = an_effect("good", a_source(without_exp_s=without_exp_s))
    introspector = an_introspector(provider, FakeClock())
    for _ in range(2):
        assert isinstance(await state_of(introspector, effect), VerifiedToken)
    assert len(provider.asked) == questions


@pytest.mark.parametrize("expires_in", [0, -1, -1e9])
async def test_an_expired_token_is_refused_although_it_is_active(expires_in: float) -> None:
    """The provider's clock or its answer is wrong; nobody can tell which."""
    provider = AskedProvider()
    provider.add("good", expires_in)
    state = await state_of(an_introspector(provider, FakeClock()), GOOD)
    assert isinstance(state, RefusedToken)
    assert "exp" in state.why


async def test_a_refused_token_is_remembered_for_a_moment() -> None:
    """It may become active, so not for long."""
    provider, clock = AskedProvider(), FakeClock()
    introspector = an_introspector(provider, clock, refused_s=5)
    await state_of(introspector, GOOD)
    assert isinstance(introspector.introspect(GOOD, None), RefusedToken)
    provider.add("good")
    await clock.advance(5)
    assert isinstance(await state_of(introspector, GOOD), VerifiedToken)


async def test_a_flood_of_invented_tokens_drops_no_good_one() -> None:
    """The two have memories of their own, and both are bounded."""
    provider = AskedProvider()
    provider.add("good")
    introspector = an_introspector(provider, FakeClock(), max_remembered=2, max_refused=10)
    await state_of(introspector, GOOD)
    for number in range(100):
        await state_of(introspector, an_effect(f"invented-{number}"))
    assert isinstance(introspector.introspect(GOOD, None), VerifiedToken)
    assert introspector.remembered_refused <= 10


async def test_all_checks_of_a_token_share_one_question() -> None:
    """And get the same answer."""
    provider = AskedProvider()
    provider.add("good")
    provider.held.clear()
    introspector = an_introspector(provider, FakeClock())
    checks = [asyncio.create_task(state_of(introspector, GOOD)) for _ in range(50)]
    await FakeClock().settle()
    provider.held.set()
    states = await asyncio.gather(*checks)
    assert provider.asked == ["good"]
    assert all(state is states[0] for state in states)


async def test_policies_with_other_sources_ask_on_their_own() -> None:
    """What one provider says does not count for another."""
    provider = AskedProvider()
    provider.add("good")
    introspector = an_introspector(provider, FakeClock())
    await state_of(introspector, GOOD)
    await state_of(introspector, an_effect("good", a_source("https://other.test/introspect")))
    assert provider.asked == ["good", "good"]


async def test_a_check_waits_no_longer_than_envoy() -> None:
    """The question goes on, and the next Check finds its answer."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good")
    provider.held.clear()
    introspector = an_introspector(provider, clock)
    with pytest.raises(ProviderError, match="deadline"):
        await state_of(introspector, GOOD, 0.01)
    provider.held.set()
    await clock.settle()
    assert isinstance(introspector.introspect(GOOD, 0.01), VerifiedToken)
    assert provider.asked == ["good"]


async def test_a_check_that_goes_away_does_not_end_the_question() -> None:
    """Other Checks may wait for the same answer."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good")
    provider.held.clear()
    introspector = an_introspector(provider, clock)
    gone, patient = (asyncio.create_task(state_of(introspector, GOOD)) for _ in range(2))
    await clock.settle()
    gone.cancel()
    provider.held.set()
    assert isinstance(await patient, VerifiedToken)


async def test_a_question_takes_no_longer_than_the_policy_says() -> None:
    """Also if the Check could wait."""
    provider = AskedProvider()
    provider.held.clear()
    introspector = an_introspector(provider, FakeClock())
    with pytest.raises(ProviderError, match=r"idp.test/introspect: no answer within 0.01 s"):
        await state_of(introspector, an_effect("good", a_source(timeout_s=0.01)))


@pytest.mark.parametrize("fault", [ProviderError("down"), ValueError("not JSON")], ids=type)
async def test_a_failure_is_not_remembered(fault: Exception) -> None:
    """The next Check asks again."""
    provider = AskedProvider()
    provider.add("good")
    provider.fault = fault
    introspector = an_introspector(provider, FakeClock())
    if isinstance(fault, ValueError):
        assert isinstance(await state_of(introspector, GOOD), UnusableAnswer)
    else:
        with pytest.raises(ProviderError, match="down"):
            await state_of(introspector, GOOD)
    provider.fault = None
    assert isinstance(await state_of(introspector, GOOD), VerifiedToken)


async def test_too_many_questions_at_once_fail_immediately() -> None:
    """Nothing queues up. Remembered tokens are not affected."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good")
    introspector = an_introspector(provider, clock, most_questions=4)
    await state_of(introspector, GOOD)
    provider.held.clear()
    waiting = [asyncio.create_task(state_of(introspector, an_effect(f"t{n}"))) for n in range(2)]
    await clock.settle()
    with pytest.raises(OverloadError):
        introspector.introspect(an_effect("another"), None)
    assert isinstance(introspector.introspect(GOOD, None), VerifiedToken)
    assert introspector.load.running == 2
    provider.held.set()
    await asyncio.gather(*waiting)
    assert isinstance(await state_of(introspector, an_effect("another")), RefusedToken)
    assert introspector.load.running == 0


async def test_a_provider_that_fails_is_left_alone_for_a_while() -> None:
    """Then one question tries it, and a success ends the matter."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good")
    provider.fault = ProviderError("it answered 503")
    introspector = an_introspector(provider, clock)
    for number in range(20):
        with pytest.raises(ProviderError, match="503"):
            await state_of(introspector, an_effect(f"t{number}"))
    assert len(provider.asked) == 5
    assert introspector.load.failing == 1
    assert "503" in introspector.load.faults["https://idp.test/introspect"]
    provider.fault = None
    await clock.advance(1)
    assert isinstance(await state_of(introspector, GOOD), VerifiedToken)
    assert not introspector.load.faults
    assert isinstance(await state_of(introspector, an_effect("t")), RefusedToken)


async def test_operators_see_that_answers_cannot_be_used() -> None:
    """Until one can. The provider is still asked: only the token may be strange."""
    provider, clock = AskedProvider(), FakeClock()
    provider.add("good")
    provider.fault = ValueError("it answered 401; check the credentials")
    introspector = an_introspector(provider, clock)
    for number in range(10):
        await state_of(introspector, an_effect(f"t{number}"))
    assert len(provider.asked) == 10
    assert introspector.load.failing == 0
    assert "credentials" in introspector.load.faults["https://idp.test/introspect"]
    provider.fault = None
    await state_of(introspector, GOOD)
    assert not introspector.load.faults


async def test_a_provider_that_comes_back_is_not_overrun() -> None:
    """One question at a time until one succeeds."""
    provider, clock = AskedProvider(), FakeClock()
    provider.fault = ProviderError("down")
    introspector = an_introspector(provider, clock)
    for number in range(5):
        with pytest.raises(ProviderError, match="down"):
            await state_of(introspector, an_effect(f"t{number}"))
    await clock.advance(1)
    provider.held.clear()
    probe = asyncio.create_task(state_of(introspector, an_effect("probe")))
    await clock.settle()
    with pytest.raises(ProviderError, match="not asked now"):
        introspector.introspect(an_effect("another"), None)
    assert len(provider.asked) == 6
    provider.held.set()
    with pytest.raises(ProviderError, match="down"):
        await probe


async def test_close_ends_all_questions() -> None:
    """Nothing is left behind."""
    provider = AskedProvider()
    provider.held.clear()
    introspector = an_introspector(provider, FakeClock())
    waiting = asyncio.create_task(state_of(introspector, GOOD))
    await FakeClock().settle()
    await introspector.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert introspector.load.running == 0
