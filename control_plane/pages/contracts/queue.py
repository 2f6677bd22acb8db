"""The queue: the contracts with all API instances of an environment."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict, NotFound
from control_plane.http_statuses import status_of
from control_plane.management import contract_queue, contracts
from control_plane.management.contract_states import State
from control_plane.management.contracts import ContractChange
from control_plane.management.transaction import Transaction
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm
from control_plane.pages.listing import PAGE_SIZE, InListing, Listing
from control_plane.pages.visit import EnvironmentVisit, in_environment, in_turn
from control_plane.store.tables import MAX_ID, Contract

router = APIRouter(prefix="/environments/{environment_id}/contracts")

ContractsReader = Annotated[EnvironmentVisit, in_environment(Permission.CONTRACTS_READ)]
ContractsWriter = Annotated[EnvironmentVisit, in_environment(Permission.CONTRACTS_WRITE)]

Reason = Annotated[str, Field(max_length=500)]

_STATES: Final = (State.PENDING, State.APPROVED, State.REJECTED, State.REVOKED)
_ALL: Final = "all"


@router.get("", name="contracts")
def show_all(visit: ContractsReader, listing: InListing) -> Response:
    """The contracts that wait for a decision, or all if none does; others by `status`."""
    return _queue_page(visit, listing, Form())


def _queue_page(
    visit: EnvironmentVisit, listing: Listing, form: Form, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        api_id = _api_id(listing)
        api = None if api_id is None else visit.api(session, api_id)
        counts = contract_queue.counts(session, visit.environment.id, api_id)
        shown = _shown(listing, counts)
        state = None if shown == _ALL else shown.upper()
        found = contract_queue.of_environment(visit.environment.id, state, listing.text, api_id)
        listing = replace(listing, query={**listing.query, "status": shown})
        part = listing.rows(session, found, {"requested": Contract.id})
    return visit.page(
        "contracts/queue.html",
        status,
        part=part,
        api=api,
        form=form,
        shown=shown,
        total=sum(counts.values()),
        choices=[
            *(
                (state.lower(), f"{state.capitalize()} ({counts.get(state, 0):,})")
                for state in _STATES
            ),
            (_ALL, f"All ({sum(counts.values()):,})"),
        ],
    )


def _api_id(listing: Listing) -> int | None:
    """The API instance whose contracts are asked for, by `api`."""
    given = listing.query.get("api", "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise NotFound("there is no API instance with this id")
    return int(given)


def _shown(listing: Listing, counts: dict[str, int]) -> str:
    asked = listing.filter("status", [*(state.lower() for state in _STATES), _ALL])
    return asked or (State.PENDING.lower() if counts.get(State.PENDING) else _ALL)


class _Decision(Fields):
    contract: Annotated[
        list[Annotated[int, Field(ge=1, le=MAX_ID)]], Field(min_length=1, max_length=PAGE_SIZE)
    ]
    decision: Literal["approve", "reject"]
    reason: Reason | None = None


@router.post("", name="decide_contracts")
@in_turn
def decide(visit: ContractsWriter, listing: InListing, form: InForm) -> Response:
    """Approve or reject several contracts that wait. All of them are decided, or none is."""
    try:
        given = form.checked(_Decision)
        with visit.writing() as transaction:
            for contract_id in dict.fromkeys(given.contract):
                _decide(transaction, visit, contract_id, given)
    except FIXABLE as error:
        return _queue_page(visit, listing, form.refused(error), status_of(error))
    decided = (
        f"{len(set(given.contract))} {'approved' if given.decision == 'approve' else 'rejected'}"
    )
    return visit.redirect(visit.url("contracts"), f"Contracts: {decided}.")


def _decide(
    transaction: Transaction, visit: EnvironmentVisit, contract_id: int, given: _Decision
) -> None:
    contract = contract_queue.get(transaction.session, visit.environment.id, contract_id)
    if contract.status != State.PENDING:
        raise Conflict(
            f"the contract of {contract.application.name} is {contract.status.lower()} already;"
            " none of those chosen was decided"
        )
    state = State.APPROVED if given.decision == "approve" else State.REJECTED
    contracts.change(transaction, contract, ContractChange(state, reason=given.reason))
