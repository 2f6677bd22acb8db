"""When a snapshot may be used for decisions."""

from adapter.policy.verdicts import DenyReason
from adapter.runtime.clock import WallTime
from support.defaults import gatekeeper
from tests.rig.clock import FakeClock
from tests.unit.authorization.contact import Contact


def test_flexible_needs_the_api_only() -> None:
    """The disk copy will do. An API that is still to come is not unknown: the client may retry."""
    contact = Contact()
    contact.awaited = {"7"}
    keeper = gatekeeper(FakeClock(), contact, max_age_s=60)
    objection = keeper.objection("7", loaded=False)
    assert objection is not None
    assert objection.reason is DenyReason.NOT_READY
    assert keeper.objection("8", loaded=False) is None
    assert gatekeeper(FakeClock(), contact).objection("7", loaded=True) is None


def test_strict_needs_the_platform() -> None:
    """Before the first contact nothing is decided, whatever the disk copy says."""
    contact = Contact(WallTime(0))
    keeper = gatekeeper(FakeClock(), contact, mode="strict")
    objection = keeper.objection("7", loaded=True)
    assert objection is not None
    assert objection.reason is DenyReason.NOT_READY
    contact.reached_platform = True
    assert keeper.objection("7", loaded=True) is None


async def test_what_nobody_confirmed_for_too_long_is_not_used() -> None:
    """With max_age_s, a platform that stays away closes the gate, and its return opens it.

    A disk copy counts from when the platform confirmed it, before this process began.
    """
    clock = FakeClock()
    contact = Contact(clock.now())
    keeper = gatekeeper(clock, contact, max_age_s=60)
    await clock.advance(60)
    assert keeper.objection("7", loaded=True) is None
    await clock.advance(1)
    objection = keeper.objection("7", loaded=True)
    assert objection is not None
    assert objection.reason is DenyReason.TOO_STALE
    contact.confirmed_at = clock.now()
    assert keeper.objection("7", loaded=True) is None
