"""The list of client applications with their numbers of the last day, and new ones."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy.orm import Session

from control_plane.analytics.queries import ApiTotal
from control_plane.http_statuses import status_of
from control_plane.management import applications, twins
from control_plane.pages.applications.fields import ApplicationFields
from control_plane.pages.applications.visits import ApplicationsReader, ApplicationsWriter
from control_plane.pages.forms import FIXABLE, Form, InForm
from control_plane.pages.listing import InListing, Listing, Part
from control_plane.pages.usage import DAY, requests_of_day, totals_of_clients
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import ClientApplication

router = APIRouter(prefix="/environments/{environment_id}/applications")

_SORTABLE = {
    "name": ClientApplication.name,
    "owner": ClientApplication.owner,
    "created": ClientApplication.created_at,
}
_SEARCHED = (ClientApplication.name, ClientApplication.client_id, ClientApplication.owner)


@router.get("", name="applications")
def show_all(visit: ApplicationsReader, listing: InListing) -> Response:
    """The organization's applications."""
    with visit.reading() as session:
        part = _part(session, visit, listing)
        shown = [application.id for application in part.rows]
        counts = applications.approved_contracts(session, visit.environment.id, shown)
        client_ids = [application.client_id for application in part.rows]
    return visit.page(
        "applications/list.html",
        part=part,
        counts=counts,
        totals=totals_of_clients(visit, client_ids, DAY),
        no_requests=ApiTotal(),
    )


def _part(
    session: Session,
    visit: EnvironmentVisit,
    listing: Listing,
) -> Part[ClientApplication]:
    found = applications.of_organization(visit.caller.organization_id)
    column = listing.sort.removeprefix("-")
    if column == "contracts":
        key = ClientApplication.id
        counts = applications.approved_contracts(session, visit.environment.id)
        return listing.rows_by(session, found, key, lambda key: counts.get(key, 0), _SEARCHED)
    if column == "requests":
        by_client, requests = ClientApplication.client_id, requests_of_day(visit)
        return listing.rows_by(session, found, by_client, requests.__getitem__, _SEARCHED)
    return listing.rows(session, found, _SORTABLE, _SEARCHED)


@router.get("/new", name="new_application")
def show_new(visit: ApplicationsWriter) -> Response:
    """The form for a new application."""
    return _new_page(visit, Form())


def _new_page(visit: EnvironmentVisit, form: Form, status: int = HTTPStatus.OK) -> Response:
    with visit.reading() as session:
        newest = form.value("newest") or twins.newest(session, ClientApplication)
    return visit.page("applications/new.html", status, restorable=True, form=form, newest=newest)


@router.post("/new")
@in_turn
def create(visit: ApplicationsWriter, form: InForm) -> Response:
    """Register an application. The answer is the only page with its secret."""
    secret_form = visit.services.settings.secret_form
    try:
        columns = form.checked(ApplicationFields).columns()
        with visit.writing() as transaction:
            own = columns | {"organization_id": transaction.organization_id}
            twin = twins.twin(transaction.session, ClientApplication, form.text("newest"), own)
            if twin is not None:
                return _once(visit, twin)
            made = applications.register(transaction, columns, secret_form)
    except FIXABLE as error:
        return _new_page(visit, form.refused(error), status_of(error))
    return visit.page("applications/secret.html", made=made, overlap_ends_at=None)


def _once(visit: EnvironmentVisit, twin: ClientApplication) -> Response:
    return visit.redirect(
        visit.url("application", application_id=twin.id),
        f"The form was sent twice, and {twin.name} is created once. Its secret was in the first"
        " answer. If you have not copied it, make a new secret.",
    )
