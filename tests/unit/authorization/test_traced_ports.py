"""Spans of waits."""

from collections.abc import Awaitable
from typing import cast

import pytest

from adapter.authorization.effect_ports import EffectPort
from adapter.authorization.traced_ports import WAITS, traced_ports
from adapter.errors import ProviderError
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.kinds import EFFECT_KINDS
from adapter.policy.effects.log import LOGGED, Log
from adapter.policy.effects.token import Introspect
from adapter.policy.request.attributes import GivenAttributes
from tests.rig.collector import named
from tests.rig.spans import KeptSpans

EFFECT = cast(Effect, object())
REQUEST = GivenAttributes()


class Port(EffectPort):
    """Settles at once, or later, or fails."""

    def __init__(self, *, later: bool = False, error: Exception | None = None) -> None:
        self._later = later
        self._error = error

    def settle(
        self, request: object, effect: object, waited_s: float, /
    ) -> Outcome | Awaitable[Outcome]:
        """See `EffectPort`."""
        return self._settled() if self._later else LOGGED

    async def _settled(self) -> Outcome:
        if self._error is not None:
            raise self._error
        return LOGGED


def test_each_effect_that_can_wait_has_a_name() -> None:
    """A message for the log never waits, so its port stays as it is."""
    assert set(WAITS) == set(EFFECT_KINDS) - {Log}
    port = Port()
    assert traced_ports({Log: port}, KeptSpans().tracer) == {Log: port}


async def test_a_wait_is_a_part_of_the_check() -> None:
    """And what is settled at once is none."""
    kept = KeptSpans()
    ports = traced_ports({Introspect: Port(later=True)}, kept.tracer)
    assert (
        traced_ports({Introspect: Port()}, kept.tracer)[Introspect].settle(REQUEST, EFFECT, 0.0)
        is LOGGED
    )
    with kept.tracer.span("check"):
        outcome = ports[Introspect].settle(REQUEST, EFFECT, 0.0)
        assert not isinstance(outcome, Outcome)
        assert await outcome is LOGGED
    wait, check = kept.all
    assert wait.name == "wait for introspection"
    assert (wait.trace_id, wait.parent_span_id) == (check.trace_id, check.span_id)


async def test_a_check_without_a_span_waits_without_one() -> None:
    """The other port's answer is passed on."""
    kept = KeptSpans()
    outcome = traced_ports({Introspect: Port(later=True)}, kept.tracer)[Introspect].settle(
        REQUEST, EFFECT, 0.0
    )
    assert not isinstance(outcome, Outcome)
    assert await outcome is LOGGED
    assert kept.all == []


async def test_a_wait_that_fails_is_an_error() -> None:
    """Its message stays out."""
    kept = KeptSpans()
    failing = Port(later=True, error=ProviderError("secret"))
    port = traced_ports({Introspect: failing}, kept.tracer)[Introspect]
    with kept.tracer.span("check"):
        outcome = port.settle(REQUEST, EFFECT, 0.0)
        assert not isinstance(outcome, Outcome)
        with pytest.raises(ProviderError):
            await outcome
    assert named(kept.all[0].attributes) == {"error.type": "ProviderError"}
