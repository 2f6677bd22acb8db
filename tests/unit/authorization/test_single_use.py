"""The port of `UseOnce`: time, and a memory that is shared like quotas."""

from collections.abc import Awaitable

import pytest

from adapter.authorization.effect_ports import UseOncePort
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.effects.use import Usage, UseOnce
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import CONTINUE
from support.defaults import memory_quotas
from tests.rig.clock import ManualClock

NOW = 1_700_001_000
"""What the clock says at first."""


class Elsewhere:
    """A store that answers later."""

    def __init__(self, state: QuotaState) -> None:
        self.state = state

    async def charge(self, check_id: str, charge: Charge) -> QuotaState:
        """See `QuotaStore`."""
        with pytest.raises(TypeError):
            charge.settled(self.state)
        return self.state


def a_use(name: str = "proof", issued_at: float = NOW) -> UseOnce:
    """Something that may be used for a minute."""
    return UseOnce(("7", "jwt/1", name), issued_at, 60, lambda _: CONTINUE)


def test_the_second_use_is_refused() -> None:
    """Of the same name only; a Check that Envoy repeats is no second use."""
    clock = ManualClock()
    port = UseOncePort(memory_quotas(clock), clock, 5)

    def used(check_id: str, name: str) -> object:
        return port.settle(GivenAttributes(check_id), a_use(name), 0.0)

    assert used("1", "a") == used("1", "a") == used("2", "b") == Usage()
    assert used("3", "a") == Usage("it was used before")


@pytest.mark.parametrize(
    ("issued_at", "usable"),
    [(NOW - 65, True), (NOW - 65.1, False), (NOW + 5, True), (NOW + 5.1, False)],
)
def test_it_can_be_used_for_a_time(issued_at: float, *, usable: bool) -> None:
    """With the skew on both sides."""
    clock = ManualClock()
    port = UseOncePort(memory_quotas(clock), clock, 5)
    usage = port.settle(GivenAttributes("1"), a_use(issued_at=issued_at), 0.0)
    assert isinstance(usage, Usage)
    assert (not usage.objection) is usable


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (QuotaState(True, (), ()), Usage()),
        (QuotaState(False, (), ()), Usage("it was used before")),
        (QuotaState(False, (), (), unknown="down"), Usage(unknown="down")),
    ],
)
async def test_a_store_elsewhere_is_awaited(state: QuotaState, expected: Usage) -> None:
    """As for quotas."""
    port = UseOncePort(Elsewhere(state), ManualClock(), 0)
    usage = port.settle(GivenAttributes("1"), a_use(), 0.0)
    assert isinstance(usage, Awaitable)
    assert await usage == expected
