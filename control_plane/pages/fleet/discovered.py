"""Discovered services: what flows past the APIs, and what was decided about it."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import Field

from control_plane.accounts.roles import Permission
from control_plane.fleet import losses, services
from control_plane.fleet.services import Standing
from control_plane.http_statuses import status_of
from control_plane.pages.fleet.bindings import bindings_of
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_environment, in_turn
from control_plane.store.tables import ApiInstance, DiscoveredService

router = APIRouter(prefix="/environments/{environment_id}/services")

ServicesReader = Annotated[EnvironmentVisit, in_environment(Permission.SERVICES_READ)]
ServicesWriter = Annotated[EnvironmentVisit, in_environment(Permission.SERVICES_WRITE)]

_CHOICES: Final = [
    ("", "Unmanaged"),
    (Standing.MANAGED, "Managed"),
    (Standing.IGNORED, "Ignored"),
]


class _Ignored(Fields):
    note: Annotated[str, Field(max_length=500)] | None = None


def title_of(service: DiscoveredService) -> str:
    """What pages call a service: its host, or its route if a request named no host."""
    return service.host or service.route or "a service without a name"


@router.get("", name="services")
def show_all(visit: ServicesReader, listing: InListing) -> Response:
    """The services about which nothing was decided, or those of the filter `show`."""
    standing = Standing(listing.filter("show", [*Standing]) or Standing.UNMANAGED)
    row = DiscoveredService
    sortable = {
        "": row.requests.desc(),
        "host": row.host,
        "route": row.route,
        "requests": row.requests,
        "first": row.first_seen_at,
        "last": row.last_seen_at,
    }
    with visit.reading() as session:
        found = services.of_environment(visit.environment.id, standing)
        part = listing.rows(session, found, sortable, [row.host, row.route])
        lost = losses.of_environment(session, visit.environment.id).services
    return visit.page(
        "fleet/services.html",
        part=part,
        standing=standing,
        choices=_CHOICES,
        title_of=title_of,
        lost=lost,
    )


@router.get("/{service_id}", name="service")
def show(visit: ServicesReader, service_id: RowId) -> Response:
    """One service; if it is managed, what binds its requests to the API instance."""
    with visit.reading() as session:
        service = services.get(session, visit.environment.id, service_id)
        api = None if service.api_id is None else session.get(ApiInstance, service.api_id)
        snippets = [] if api is None else bindings_of(service, api)
        return visit.page(
            "fleet/service.html",
            service=service,
            api=api,
            snippets=snippets,
            title=title_of(service),
        )


@router.get("/{service_id}/ignore", name="ignore_service")
def ask_to_ignore(visit: ServicesWriter, service_id: RowId) -> Response:
    """The form for the reason."""
    return _ignore_page(visit, service_id, Form())


def _ignore_page(
    visit: EnvironmentVisit, service_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        service = services.get(session, visit.environment.id, service_id)
    return visit.page(
        "fleet/ignore.html",
        status,
        restorable=True,
        form=form,
        service=service,
        title=title_of(service),
    )


@router.post("/{service_id}/ignore")
@in_turn
def ignore(visit: ServicesWriter, service_id: RowId, form: InForm) -> Response:
    """Take a service off the list."""
    try:
        note = form.checked(_Ignored).note
        with visit.writing() as transaction:
            service = services.get(transaction.session, visit.environment.id, service_id)
            services.ignore(transaction, service, note)
    except FIXABLE as error:
        return _ignore_page(visit, service_id, form.refused(error), status_of(error))
    return visit.redirect(visit.url("services"), f"{title_of(service)} is ignored.")


@router.post("/{service_id}/stop-ignoring", name="stop_ignoring_service")
@in_turn
def stop_ignoring(visit: ServicesWriter, service_id: RowId) -> Response:
    """Put a service on the list again."""
    with visit.writing() as transaction:
        service = services.get(transaction.session, visit.environment.id, service_id)
        services.stop_ignoring(transaction, service)
    return visit.redirect(visit.url("services"), f"{title_of(service)} is no longer ignored.")
