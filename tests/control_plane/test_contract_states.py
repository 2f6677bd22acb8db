"""One state machine for contracts, for changes by an admin and by a tier."""

import itertools

import pytest

from control_plane.errors import Conflict
from control_plane.management.contract_states import Event, State, event_leading_to, happen, may
from control_plane.store.tables import Contract, SlaTier
from tests.control_plane.conftest import Platform
from tests.rig.clock import DatetimeClock

ALLOWED = {
    ("PENDING", "APPROVED"),
    ("PENDING", "REJECTED"),
    ("APPROVED", "APPROVED"),
    ("APPROVED", "REVOKED"),
    ("REJECTED", "REJECTED"),
    ("REJECTED", "PENDING"),
    ("REJECTED", "APPROVED"),
    ("REVOKED", "REVOKED"),
    ("REVOKED", "APPROVED"),
}
STORED = [state for state in State if state is not State.NEW]


@pytest.mark.parametrize(("before", "after"), [*itertools.product(STORED, STORED)])
def test_only_documented_changes_are_possible(before: State, after: State) -> None:
    """An event leads from one state to the other, or the contract stays as it is."""
    contract = Contract(status=before.value)
    if (before, after) in ALLOWED:
        happen(contract, event_leading_to(after, contract), DatetimeClock().now())
        assert contract.status == after
    else:
        with pytest.raises(Conflict, match=f"is {before} can't become {after}"):
            event_leading_to(after, contract)


@pytest.mark.parametrize(("state", "event"), [*itertools.product(STORED, Event)])
def test_an_impossible_event_changes_nothing(state: State, event: Event) -> None:
    """`may` tells beforehand what `happen` refuses."""
    contract = Contract(status=state.value)
    if may(contract, event):
        happen(contract, event, DatetimeClock().now())
        return
    refused = f"can't {event.replace('_', ' ')} a contract that is {state}"
    with pytest.raises(Conflict, match=refused):
        happen(contract, event, DatetimeClock().now())
    assert contract.status == state


def test_approval_grants_the_tier_and_forgets_a_refusal() -> None:
    """The dates and the tier are set together with the state."""
    clock, tier = DatetimeClock(), SlaTier(name="gold")
    contract = Contract(status="PENDING", requested_tier=tier)
    happen(contract, Event.REJECT, clock.now())
    assert contract.rejected_at == clock.now()
    assert contract.tier is None
    clock.move(hours=1)
    happen(contract, Event.RESTORE, clock.now())
    granted = contract.tier
    assert granted is tier
    assert contract.requested_tier is None
    assert contract.approved_at == clock.now()
    assert contract.rejected_at is None


async def test_approval_by_a_tier_is_dated_like_any_other(platform: Platform) -> None:
    """Admins and gateways see when a contract changed, also if its tier approved it."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)], auto_approve=False)
    phone = await admin.create_application("phone")
    contract = await admin.request_contract(api_id, phone["id"], tier["id"])
    platform.clock.move(minutes=10)
    path = f"{platform.apis}/{api_id}"
    await admin.ask("PUT", f"{path}/tiers/{tier['id']}", {"autoApprove": True})
    approved = await admin.ask("GET", f"{path}/contracts/{contract['id']}")
    now = "2026-11-23T12:10:00.000Z"
    assert approved["status"] == "APPROVED"
    assert approved["approvedDate"] == now
    assert approved["audit"]["updated"] == {"date": now}
    [entry], _ = await platform.rest(platform.feed(api_id))
    assert entry["contractUpdatedDate"] == now
