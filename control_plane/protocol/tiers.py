"""SLA tiers of one API instance."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict
from control_plane.protocol.contract_feed import next_change
from control_plane.protocol.scope import (
    Body,
    EnvironmentAdmin,
    EnvironmentReader,
    EnvironmentScope,
    InPage,
    Name,
    Prose,
    RowId,
    audit,
    containing,
    not_found,
)
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import ApiInstance, Contract, SlaTier

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/tiers"
)

Status = Literal["ACTIVE", "DEPRECATED"]


class Limit(Body):
    """So many requests in such a time."""

    maximum_requests: Annotated[int, Field(ge=1, le=2**53)]
    time_period_in_milliseconds: Annotated[int, Field(ge=1, le=2**53)]
    visible: bool = True


Limits = Annotated[list[Limit], Field(min_length=1, max_length=20)]


class NewTier(Body):
    """A tier to create."""

    name: Name
    status: Status
    limits: Limits
    auto_approve: bool = False
    description: Prose | None = None


class TierChange(Body):
    """What may change about a tier."""

    name: Name = ""
    status: Status = "ACTIVE"
    limits: Limits = Field(default_factory=list)
    auto_approve: bool = False
    description: Prose | None = None


def tier_document(tier: SlaTier) -> dict[str, Any]:
    """A tier as official answers show it."""
    return {
        "audit": audit(tier.created_at, tier.updated_at),
        "id": tier.id,
        "name": tier.name,
        "description": tier.description,
        "limits": tier.limits,
        "status": tier.status,
        "autoApprove": tier.auto_approve,
        "apiId": tier.api_id,
    }


def _document(scope: EnvironmentScope, tier: SlaTier, applications: int = 0) -> dict[str, Any]:
    return {
        **tier_document(tier),
        "masterOrganizationId": scope.organization_id,
        "organizationId": scope.organization_id,
        "applicationCount": applications,
    }


@router.get("")
def all_of_api(
    scope: EnvironmentReader, api_id: RowId, page: InPage, active: bool = False
) -> dict[str, Any]:
    """The tiers of the API instance, deprecated ones too unless `active`."""
    matching = select(SlaTier).where(SlaTier.api_id == api_id)
    if active:
        matching = matching.where(SlaTier.status == "ACTIVE")
    if page.query:
        matching = matching.where(containing(SlaTier.name, page.query))
    with scope.services.database.read() as session:
        scope.api(session, api_id)
        total, rows = page.rows(session, matching, {"id": SlaTier.id, "name": SlaTier.name})
        counts = _application_counts(session, api_id)
        return {
            "total": total,
            "tiers": [_document(scope, tier, counts.get(tier.id, 0)) for tier in rows],
        }


def _application_counts(session: Session, api_id: int) -> dict[int | None, int]:
    query = (
        select(Contract.tier_id, func.count())
        .where(Contract.api_id == api_id)
        .group_by(Contract.tier_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


@router.post("", status_code=201)
@in_turn
def create(scope: EnvironmentAdmin, api_id: RowId, body: NewTier) -> Response:
    """Offer a new tier."""
    with scope.services.database.write() as session:
        scope.api(session, api_id)
        _require_free_name(session, api_id, body.name)
        tier = SlaTier(
            api_id=api_id,
            created_at=scope.now(),
            **{**body.model_dump(), "limits": _limits(body.limits)},
        )
        session.add(tier)
        session.flush()
        return answer(_document(scope, tier), HTTPStatus.CREATED)


def _limits(limits: list[Limit]) -> list[dict[str, Any]]:
    return [limit.model_dump(by_alias=True) for limit in limits]


def _require_free_name(session: Session, api_id: int, name: str, tier_id: int = 0) -> None:
    query = select(SlaTier.id).where(
        SlaTier.api_id == api_id, SlaTier.name == name, SlaTier.id != tier_id
    )
    if session.scalars(query).first() is not None:
        raise Conflict(f"name: the API instance has a tier named {name!r} already")


@router.put("/{tier_id}", status_code=201)
@in_turn
def change(scope: EnvironmentAdmin, api_id: RowId, tier_id: RowId, body: TierChange) -> Response:
    """Change the fields that are given; applications that have the tier get the new limits.

    The official document says PUT and 201, and means a change. A tier that no longer needs
    approval approves the requests that wait for it.
    """
    given = body.given()
    with scope.services.database.write() as session:
        api = scope.api(session, api_id)
        tier = _tier(session, api, tier_id)
        if "name" in given:
            _require_free_name(session, api_id, body.name, tier_id)
        if "limits" in given:
            given["limits"] = _limits(body.limits)
        for name, value in given.items():
            setattr(tier, name, value)
        tier.updated_at = scope.now()
        if tier.auto_approve:
            _approve_waiting(session, scope, tier)
        return answer(
            _document(scope, tier, _application_counts(session, api_id).get(tier_id, 0)),
            HTTPStatus.CREATED,
        )


def _approve_waiting(session: Session, scope: EnvironmentScope, tier: SlaTier) -> None:
    waiting = select(Contract).where(
        Contract.requested_tier_id == tier.id, Contract.status.in_(("PENDING", "APPROVED"))
    )
    for contract in session.scalars(waiting):
        contract.status, contract.approved_at = "APPROVED", scope.now()
        contract.tier, contract.requested_tier = tier, None
        contract.change = next_change(session, scope)
    session.flush()


def _tier(session: Session, api: ApiInstance, tier_id: int) -> SlaTier:
    tier = session.get(SlaTier, tier_id)
    if tier is None or tier.api_id != api.id:
        raise not_found("tier", tier_id)
    return tier


@router.delete("/{tier_id}", status_code=204)
@in_turn
def delete(scope: EnvironmentAdmin, api_id: RowId, tier_id: RowId) -> None:
    """Delete a tier that no contract has or asks for."""
    with scope.services.database.write() as session:
        tier = _tier(session, scope.api(session, api_id), tier_id)
        users = select(func.count()).where(
            or_(Contract.tier_id == tier_id, Contract.requested_tier_id == tier_id)
        )
        if count := session.scalar(users):
            raise Conflict(
                f"tier {tier_id} has {count} contracts; move them, or set status DEPRECATED"
            )
        session.delete(tier)
