"""One contract: what it is about, what happened to it, and what an admin can decide."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field
from sqlalchemy.orm import Session

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict, Stale
from control_plane.http_statuses import status_of
from control_plane.management import contract_queue, contracts, tiers, versions
from control_plane.management.contract_states import Event, State, due_tier, may
from control_plane.management.contracts import ContractChange
from control_plane.pages.contracts.queue import ContractsReader, ContractsWriter, Reason
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.templating import counted
from control_plane.pages.usage import quotas, requests_today
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import MAX_ID, Contract, SlaTier

router = APIRouter(prefix="/environments/{environment_id}/contracts/{contract_id}")


class _Approval(Fields):
    tier_id: Annotated[int, Field(ge=1, le=MAX_ID)] | None = None


class _Refusal(Fields):
    reason: Reason | None = None


@router.get("", name="contract")
def show(visit: ContractsReader, contract_id: RowId) -> Response:
    """One contract."""
    return _contract_page(visit, contract_id, Form())


def _contract_page(
    visit: EnvironmentVisit, contract_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        contract = contract_queue.get(session, visit.environment.id, contract_id)
        offered = _offered(session, contract)
        happened = (
            contract_queue.history(session, visit.caller.organization_id, contract_id)
            if visit.may("audit:read")
            else None
        )
        shown = (
            quotas(visit, session, contract.application.client_id, [contract])
            if visit.may(Permission.ANALYTICS_READ)
            else None
        )
    return visit.page(
        "contracts/contract.html",
        status,
        contract=contract,
        form=form,
        version=versions.version_of(contract),
        offered=offered,
        history=happened,
        quotas=shown,
        may={event.value: may(contract, event) for event in Event},
    )


def _offered(session: Session, contract: Contract) -> list[SlaTier]:
    """The tiers that the contract may get; first the one that approval or restoring grants."""
    active = session.scalars(tiers.of_api(contract.api_id, active=True).order_by(SlaTier.name))
    own = (due_tier(contract), contract.requested_tier, contract.tier)
    return [
        tier
        for tier in dict.fromkeys([*own, *active])
        if tier is not None and (tier.status == "ACTIVE" or tier is contract.tier)
    ]


@router.post("/approve", name="approve_contract")
@in_turn
def approve(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Approve the contract, on the tier that is asked for or another."""
    return _decide(visit, contract_id, form, ContractChange(State.APPROVED), "is approved")


@router.post("/reject", name="reject_contract")
@in_turn
def reject(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Reject the request, with a reason if one is given."""
    return _decide(visit, contract_id, form, ContractChange(State.REJECTED), "is rejected")


@router.post("/turn-down", name="turn_down_requested_tier")
@in_turn
def turn_down(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Refuse another tier to an approved contract, which stays as it is."""
    decision = ContractChange(event=Event.TURN_DOWN)
    return _decide(visit, contract_id, form, decision, "stays on its tier")


@router.post("/tier", name="change_contracts_tier")
@in_turn
def change_tier(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Give an approved contract another tier."""
    return _decide(visit, contract_id, form, ContractChange(), "is now on another tier")


def _decide(
    visit: EnvironmentVisit, contract_id: int, form: Posted, decision: ContractChange, done: str
) -> Response:
    """Make the decision, unless somebody else has made one since the page was opened."""
    try:
        tier_id, reason = form.checked(_Approval).tier_id, form.checked(_Refusal).reason
        wanted = replace(decision, tier_id=tier_id, reason=reason)
        with visit.writing() as transaction:
            contract = contract_queue.get(transaction.session, visit.environment.id, contract_id)
            versions.require(form.text("version"), contract)
            if wanted.status == contract.status == State.REVOKED:
                raise Conflict("the contract is revoked already")
            contracts.change(transaction, contract, wanted)
    except (Stale, *FIXABLE) as error:
        return _contract_page(visit, contract_id, form.refused(error), status_of(error))
    return _back(visit, f"The contract of {contract.application.name} {done}.")


def _back(visit: EnvironmentVisit, message: str) -> Response:
    return visit.redirect(visit.url("contracts"), message)


@router.post("/restore", name="restore_contract")
@in_turn
def restore(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Give access again."""
    return _decide(visit, contract_id, form, ContractChange(State.APPROVED), "is approved")


@router.get("/revoke", name="revoke_contract")
def ask_to_revoke(visit: ContractsWriter, contract_id: RowId) -> Response:
    """Ask before a contract is revoked."""
    contract = _contract(visit, contract_id)
    application, api = contract.application, contract.api
    requests = requests_today(visit, application.client_id).get(api.id, 0)
    return visit.confirm(
        f"Revoke the contract of {application.name}?",
        [
            f"{application.name} made {counted(requests, 'request')} to {api.asset.asset_id} today"
            " (UTC). From the next poll of each gateway on, its requests get 401.",
            "You can restore a revoked contract.",
        ],
        button="Revoke",
        cancel=visit.url("contract", contract_id=contract_id),
        fields={"version": versions.version_of(contract)},
    )


@router.post("/revoke")
@in_turn
def revoke(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Take the access away."""
    return _decide(visit, contract_id, form, ContractChange(State.REVOKED), "is revoked")


def _contract(visit: EnvironmentVisit, contract_id: int) -> Contract:
    with visit.reading() as session:
        return contract_queue.get(session, visit.environment.id, contract_id)


@router.get("/delete", name="delete_contract")
def ask_to_delete(visit: ContractsWriter, contract_id: RowId) -> Response:
    """Ask before a contract is deleted."""
    contract = _contract(visit, contract_id)
    return visit.confirm(
        f"Delete the contract of {contract.application.name}?",
        [
            f"It is {contract.status.lower()}, so no request depends on it. The application can ask"
            " for a new one. The audit log keeps the history.",
        ],
        button="Delete",
        cancel=visit.url("contract", contract_id=contract_id),
        fields={"version": versions.version_of(contract)},
    )


@router.post("/delete")
@in_turn
def delete(visit: ContractsWriter, contract_id: RowId, form: InForm) -> Response:
    """Delete a contract that gives no access."""
    try:
        with visit.writing() as transaction:
            contract = contract_queue.get(transaction.session, visit.environment.id, contract_id)
            versions.require(form.text("version"), contract)
            contracts.delete(transaction, contract)
    except (Stale, *FIXABLE) as error:
        return _contract_page(visit, contract_id, form.refused(error), status_of(error))
    return _back(visit, f"The contract of {contract.application.name} is deleted.")
