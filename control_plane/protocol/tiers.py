"""SLA tiers of one API instance."""

from http import HTTPStatus
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Response
from pydantic import Field

from control_plane.errors import Conflict
from control_plane.management import tiers
from control_plane.management.contract_warnings import of_tier
from control_plane.management.tiers import MAX_LIMITS, MAX_PERIOD_MS, MAX_REQUESTS
from control_plane.protocol.bodies import ANSWERED, Body, Name, Prose, RowId
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.documents import tier_document
from control_plane.protocol.paging import InPage
from control_plane.protocol.policies import with_warnings
from control_plane.protocol.revision import name_revision
from control_plane.protocol.scope import ApisReader, ApisWriter, EnvironmentScope
from control_plane.protocol.shapes import contracts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import SlaTier

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/tiers"
)

Status = Literal["ACTIVE", "DEPRECATED"]

_SORTABLE: Final = {"id": SlaTier.id, "name": SlaTier.name, "status": SlaTier.status}


class Limit(Body):
    """How many requests an application may make in a period."""

    maximum_requests: Annotated[int, Field(ge=1, le=MAX_REQUESTS)]
    time_period_in_milliseconds: Annotated[int, Field(ge=1, le=MAX_PERIOD_MS)]
    visible: bool = True


Limits = Annotated[list[Limit], Field(max_length=MAX_LIMITS)]


_ANSWERED = ANSWERED | {"apiVersionId", "applicationCount"}


class NewTier(Body):
    """A tier to create."""

    ignored = _ANSWERED

    name: Name
    status: Status
    limits: Limits = Field(default_factory=list)
    auto_approve: bool = False
    description: Prose | None = None


class TierChange(Body):
    """What may change about a tier."""

    ignored = _ANSWERED

    name: Name = ""
    status: Status = "ACTIVE"
    limits: Limits = Field(default_factory=list)
    auto_approve: bool = False
    description: Prose | None = None


def _document(scope: EnvironmentScope, tier: SlaTier, applications: int = 0) -> dict[str, Any]:
    return {
        **tier_document(tier),
        "masterOrganizationId": scope.organization_id,
        "organizationId": scope.organization_id,
        "applicationCount": applications,
    }


@router.get("")
@answers(shapes.Tiers)
@takes(sort=one_of(*_SORTABLE))
def all_of_api(
    response: Response, scope: ApisReader, api_id: RowId, page: InPage, active: bool = False
) -> dict[str, Any]:
    """The tiers of the API instance, deprecated ones too unless `active`."""
    matching = page.matching(tiers.of_api(api_id, active=active), SlaTier.name)
    with scope.reading() as session:
        name_revision(response, session)
        scope.api(session, api_id)
        total, rows = page.rows(session, matching, _SORTABLE)
        counts = tiers.application_counts(session, api_id)
        return {
            "total": total,
            "tiers": [_document(scope, tier, counts.get(tier.id, 0)) for tier in rows],
        }


def _columns(given: dict[str, Any]) -> dict[str, Any]:
    if "limits" in given:
        given["limits"] = [limit.model_dump(by_alias=True) for limit in given["limits"]]
    return given


@router.post("", status_code=201)
@answers(shapes.Tier)
@refuses(Conflict)
@in_turn
def create(scope: ApisWriter, api_id: RowId, body: NewTier) -> Response:
    """Offer a new tier."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        tier = tiers.create(transaction, api, _columns(dict(body)))
        return answer(with_warnings(_document(scope, tier), of_tier(tier)), HTTPStatus.CREATED)


@router.put("/{tier_id}", status_code=201)
@answers(shapes.Tier)
@refuses(Conflict)
@in_turn
def change(scope: ApisWriter, api_id: RowId, tier_id: RowId, body: TierChange) -> Response:
    """Change the fields that are given; applications that have the tier get the new limits.

    The official document says PUT and 201, and means a change. A tier that no longer needs
    approval approves the requests that wait for it.
    """
    with scope.writing() as transaction:
        session = transaction.session
        tier = tiers.get(session, scope.api(session, api_id), tier_id)
        tiers.change(transaction, tier, _columns(body.given()))
        applications = tiers.application_counts(session, api_id).get(tier_id, 0)
        document = _document(scope, tier, applications)
        return answer(with_warnings(document, of_tier(tier)), HTTPStatus.CREATED)


@router.delete("/{tier_id}", status_code=204)
@refuses(Conflict)
@in_turn
def delete(scope: ApisWriter, api_id: RowId, tier_id: RowId) -> None:
    """Delete a tier that no contract in force or waiting has or asks for."""
    with scope.writing() as transaction:
        api = scope.api(transaction.session, api_id)
        tiers.delete(transaction, tiers.get(transaction.session, api, tier_id))
