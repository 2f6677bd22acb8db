"""The states of a contract, and the events that lead from one to another."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from control_plane.errors import Conflict
from control_plane.store.tables import Contract, SlaTier


class State(StrEnum):
    """Where a contract is in its life. Only an approved contract gives access."""

    NEW = ""
    """The state of a contract that is being made. It is never stored."""
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    REVOKED = "REVOKED"


class Event(StrEnum):
    """What may happen to a contract."""

    REQUEST = "request"
    APPROVE = "approve"
    REJECT = "reject"
    REVOKE = "revoke"
    RESTORE = "restore"
    TURN_DOWN = "turn_down"
    """An approved contract does not get its requested tier. It stays approved."""


_NEXT: Final[Mapping[tuple[State, Event], State]] = {
    (State.NEW, Event.REQUEST): State.PENDING,
    (State.PENDING, Event.APPROVE): State.APPROVED,
    (State.PENDING, Event.REJECT): State.REJECTED,
    # An approved contract may ask for another tier; this grants it.
    (State.APPROVED, Event.APPROVE): State.APPROVED,
    (State.APPROVED, Event.TURN_DOWN): State.APPROVED,
    (State.APPROVED, Event.REVOKE): State.REVOKED,
    # The application asks again.
    (State.REJECTED, Event.REQUEST): State.PENDING,
    (State.REJECTED, Event.REJECT): State.REJECTED,
    (State.REJECTED, Event.RESTORE): State.APPROVED,
    (State.REVOKED, Event.REVOKE): State.REVOKED,
    (State.REVOKED, Event.RESTORE): State.APPROVED,
}

_FIXES: Final[Mapping[tuple[State, Event], str]] = {
    (State.APPROVED, Event.TURN_DOWN): "it asks for no other tier. To end its access, revoke it",
    (State.PENDING, Event.REVOKE): "reject it",
    (State.PENDING, Event.RESTORE): "approve it",
    (State.REJECTED, Event.APPROVE): "restore it",
    (State.REVOKED, Event.APPROVE): "restore it",
}
"""What to do instead of an event that is not possible."""


def event_leading_to(wanted: State, contract: Contract) -> Event:
    """The event that brings the contract into the state; raise Conflict if none does."""
    for (state, event), following in _NEXT.items():
        if state == contract.status and following == wanted:
            return event
    fix = "; revoke it" if contract.status == State.APPROVED else ""
    raise Conflict(f"status: a contract that is {contract.status} can't become {wanted}{fix}")


def rejection_of(contract: Contract) -> Event:
    """What rejecting does to the contract: an approved one only loses its requested tier."""
    return Event.TURN_DOWN if contract.status == State.APPROVED else Event.REJECT


def is_possible(state: State, event: Event) -> bool:
    """Whether the event is possible in the state."""
    return (state, event) in _NEXT


def may(contract: Contract, event: Event) -> bool:
    """Whether the event is possible in the contract's state."""
    if event is Event.TURN_DOWN and contract.requested_tier is None:
        return False
    return is_possible(State(contract.status), event)


def happen(contract: Contract, event: Event, now: datetime) -> None:
    """Bring the contract into its next state; raise Conflict if the event is not possible.

    Approval grants the tier that was asked for. Restoring a revoked contract gives back the tier
    that it had.
    """
    before = State(contract.status)
    if not may(contract, event):
        raise Conflict(_refusal(before, event))
    if event in (Event.APPROVE, Event.RESTORE):
        _grant(contract, before)
    contract.status = state = _NEXT[before, event]
    if event is Event.TURN_DOWN:
        contract.requested_tier = None
    elif state is State.APPROVED:
        contract.approved_at = now
        contract.rejected_at = contract.revoked_at = None
    elif state is State.REJECTED:
        contract.rejected_at = now
    elif state is State.REVOKED:
        contract.revoked_at = now
    else:
        contract.rejected_at = None


def _refusal(state: State, event: Event) -> str:
    fix = _FIXES.get((state, event))
    refused = f"status: can't {event.replace('_', ' ')} a contract that is {state}"
    return f"{refused}; {fix}" if fix else refused


def _grant(contract: Contract, before: State) -> None:
    """Give the contract its tier; raise Conflict if it may not have it."""
    granted = due_tier(contract)
    if granted is None and contract.lost_tier is not None:
        raise Conflict(
            f"tierId: the tier {contract.lost_tier!r} of this contract was deleted; choose another"
            " one with tierId, or delete the contract, and the application can ask again"
        )
    keeps = granted is contract.tier and before in (State.APPROVED, State.REVOKED)
    if granted is not None and not keeps:
        _require_active(granted)
    contract.tier, contract.lost_tier = granted, None
    if before is not State.REVOKED:
        contract.requested_tier = None


def due_tier(contract: Contract) -> SlaTier | None:
    """The tier that approving or restoring the contract grants."""
    if contract.status == State.REVOKED:
        return contract.tier
    return contract.requested_tier or contract.tier


def _require_active(tier: SlaTier) -> None:
    if tier.status == "DEPRECATED":
        raise Conflict(
            f"tierId: the tier {tier.name!r} is deprecated and takes no new contracts; choose"
            " another one with tierId"
        )
