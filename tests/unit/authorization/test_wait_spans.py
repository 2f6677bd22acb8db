"""Spans of waits."""

from collections.abc import Awaitable

import pytest

from adapter.authorization.wait_spans import WAITS, with_span
from adapter.errors import ProviderError
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.kinds import EFFECT_KINDS
from adapter.policy.effects.log import LOGGED, Log
from adapter.policy.effects.quota import Charge
from adapter.policy.verdicts import Continue
from tests.rig.collector import named
from tests.rig.spans import KeptSpans

CHARGE: Effect = Charge(((1, 1000, "7"),), lambda _: Continue())


async def settled(error: Exception | None = None) -> Outcome:
    """An outcome that somebody has to wait for."""
    if error is not None:
        raise error
    return LOGGED


def test_each_effect_that_can_wait_has_a_name() -> None:
    """A message for the log never waits."""
    assert set(WAITS) == set(EFFECT_KINDS) - {Log}


async def test_a_wait_is_a_part_of_the_check() -> None:
    """It has the name of what is waited for."""
    kept = KeptSpans()
    with kept.tracer.span("check"):
        assert await with_span(kept.tracer, CHARGE, settled()) is LOGGED
    wait, check = kept.all
    assert wait.name == "wait for quota store"
    assert (wait.trace_id, wait.parent_span_id) == (check.trace_id, check.span_id)


async def test_a_check_without_a_span_waits_without_one() -> None:
    """The outcome is the same object, so nothing costs."""
    kept = KeptSpans()
    outcome: Awaitable[Outcome] = settled()
    assert with_span(kept.tracer, CHARGE, outcome) is outcome
    assert await outcome is LOGGED
    assert kept.all == []


async def test_a_wait_that_fails_is_an_error() -> None:
    """Its message stays out."""
    kept = KeptSpans()
    with kept.tracer.span("check"), pytest.raises(ProviderError):
        await with_span(kept.tracer, CHARGE, settled(ProviderError("secret")))
    assert named(kept.all[0].attributes) == {"error.type": "ProviderError"}
