"""The states of a contract, and the events that lead from one to another."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from control_plane.errors import Conflict
from control_plane.store.tables import Contract


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


_NEXT: Final[Mapping[tuple[State, Event], State]] = {
    (State.NEW, Event.REQUEST): State.PENDING,
    (State.NEW, Event.APPROVE): State.APPROVED,
    (State.PENDING, Event.APPROVE): State.APPROVED,
    (State.PENDING, Event.REJECT): State.REJECTED,
    # An approved contract may ask for another tier; this grants it.
    (State.APPROVED, Event.APPROVE): State.APPROVED,
    (State.APPROVED, Event.REVOKE): State.REVOKED,
    (State.REJECTED, Event.REJECT): State.REJECTED,
    (State.REJECTED, Event.RESTORE): State.APPROVED,
    (State.REVOKED, Event.REVOKE): State.REVOKED,
    (State.REVOKED, Event.RESTORE): State.APPROVED,
}


def event_leading_to(wanted: State, contract: Contract) -> Event:
    """The event that brings the contract into the state; raise Conflict if none does."""
    for (state, event), following in _NEXT.items():
        if state == contract.status and following == wanted:
            return event
    raise Conflict(f"status: a contract that is {contract.status} can't become {wanted}")


def is_possible(state: State, event: Event) -> bool:
    """Whether the event is possible in the state."""
    return (state, event) in _NEXT


def may(contract: Contract, event: Event) -> bool:
    """Whether the event is possible in the contract's state."""
    return is_possible(State(contract.status), event)


def happen(contract: Contract, event: Event, now: datetime) -> None:
    """Bring the contract into its next state; raise Conflict if the event is not possible.

    Approval grants the tier that was asked for, and takes back an earlier refusal.
    """
    state = _NEXT.get((State(contract.status), event))
    if state is None:
        raise Conflict(f"status: can't {event} a contract that is {contract.status}")
    contract.status = state.value
    if state is State.APPROVED:
        contract.approved_at = now
        contract.rejected_at = contract.revoked_at = None
        contract.tier = contract.requested_tier or contract.tier
        contract.requested_tier = None
    elif state is State.REJECTED:
        contract.rejected_at = now
    elif state is State.REVOKED:
        contract.revoked_at = now
