"""Asking for access: a contract between an application and an API instance."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.http_statuses import status_of
from control_plane.management import apis, applications, contracts, tiers
from control_plane.management.contracts import AccessRequest
from control_plane.pages.contracts.queue import ContractsWriter, Reason
from control_plane.pages.forms import Fields, Form, InForm
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import MAX_ID, SlaTier

router = APIRouter(prefix="/environments/{environment_id}/applications/{application_id}/access")

_MOST_APIS: Final = 1000

Id = Annotated[int, Field(ge=1, le=MAX_ID)]


class _Wanted(Fields):
    api: Id
    tier_id: Id | None = None
    reason: Reason | None = None


@router.get("", name="ask_for_access")
def show(visit: ContractsWriter, application_id: RowId, listing: InListing) -> Response:
    """First the choice of an API instance, then of a tier."""
    return _page(visit, application_id, Form({"api": listing.query.get("api", "")}))


def _page(
    visit: EnvironmentVisit, application_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    chosen = str(form.value("api"))
    with visit.reading() as session:
        application = applications.get(session, visit.caller.organization_id, application_id)
        names = apis.names(session, visit.environment.id)
        api_id = int(chosen) if chosen in map(str, names) else None
        offered = tiers.of_api(api_id or 0, active=True).order_by(SlaTier.name)
        return visit.page(
            "applications/access.html",
            status,
            restorable=True,
            application=application,
            form=form,
            apis=[(i, f"{name} (instance {i})") for i, name in _by_name(names)],
            tiers=session.scalars(offered).all(),
            chosen=api_id,
        )


def _by_name(names: dict[int, str]) -> list[tuple[int, str]]:
    return sorted(names.items(), key=lambda each: (each[1], each[0]))[:_MOST_APIS]


@router.post("")
@in_turn
def ask(visit: ContractsWriter, application_id: RowId, form: InForm) -> Response:
    """Ask for the contract. It is approved at once, unless its tier waits for an admin."""
    try:
        given = form.checked(_Wanted)
        asked = AccessRequest(application_id, given.tier_id, given.reason)
        with visit.writing() as transaction:
            api = visit.api(transaction.session, given.api)
            contract = contracts.request_access(transaction, api, asked)
            name = api.asset.asset_id
    except (Invalid, Conflict, NotFound) as error:
        return _page(visit, application_id, form.refused(error), status_of(error))
    path = visit.url("application", application_id=application_id)
    return visit.redirect(path, f"The contract with {name} is {contract.status.lower()}.")
