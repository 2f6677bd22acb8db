"""Managing a discovered service: an API instance is created for it."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from control_plane.accounts.roles import Permission
from control_plane.errors import Conflict
from control_plane.fleet import services
from control_plane.fleet.services import suggested_name
from control_plane.http_statuses import status_of
from control_plane.management import apis
from control_plane.pages.apis.api_fields import TECHNOLOGIES, NewApi, empty_form
from control_plane.pages.apis.visits import title_of
from control_plane.pages.fleet.bindings import plain_host
from control_plane.pages.fleet.discovered import ServicesWriter
from control_plane.pages.fleet.discovered import title_of as title_of_service
from control_plane.pages.forms import FIXABLE, Form, InForm
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import DiscoveredService

router = APIRouter()


def _manager(visit: ServicesWriter) -> EnvironmentVisit:
    visit.caller.require(Permission.APIS_WRITE, visit.environment.id)
    return visit


Manager = Annotated[EnvironmentVisit, Depends(_manager)]
"""A visit by somebody who may decide about services and create API instances."""


@router.get("/environments/{environment_id}/services/{service_id}/manage", name="manage_service")
def show(visit: Manager, service_id: RowId) -> Response:
    """The form for the API instance, with what is known about the service filled in."""
    with visit.reading() as session:
        service = services.get(session, visit.environment.id, service_id)
        group_id = apis.newest_group(session, visit.environment.id)
    form = empty_form(group_id or visit.caller.organization_id)
    return _page(visit, service_id, Form({**form.values, **_facts(service)}))


def _facts(service: DiscoveredService) -> dict[str, str]:
    host = plain_host(service.host)
    route = f", by Envoy's route {service.route}" if service.route else ""
    return {
        "asset_id": suggested_name(service.host) or suggested_name(service.route),
        "endpoint_uri": f"http://{host}" if host else "",
        "description": f"Discovered at {service.host or 'no host'}{route}.",
    }


def _page(
    visit: EnvironmentVisit, service_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        service = services.get(session, visit.environment.id, service_id)
    return visit.page(
        "fleet/manage.html",
        status,
        restorable=True,
        form=form,
        service=service,
        title=title_of_service(service),
        technologies=TECHNOLOGIES,
    )


@router.post("/environments/{environment_id}/services/{service_id}/manage")
@in_turn
def create(visit: Manager, service_id: RowId, form: InForm) -> Response:
    """Create the API instance, and note that the service is managed."""
    try:
        given = form.checked(NewApi)
        columns = given.columns() | {"technology": given.technology, "provider_id": None}
        name = apis.AssetName(given.group_id, given.asset_id)
        with visit.writing() as transaction:
            service = services.get(transaction.session, visit.environment.id, service_id)
            if service.api_id is not None:
                raise Conflict(f"it is managed already, as API instance {service.api_id}")
            api = apis.create(transaction, visit.environment.id, name, columns)
            transaction.session.flush()
            services.assign(transaction, service, api)
            created = title_of(api)
    except FIXABLE as error:
        return _page(visit, service_id, form.refused(error), status_of(error))
    return visit.redirect(
        visit.url("service", service_id=service_id),
        f"The API instance {created} is created. Now bind the service's requests to it.",
    )
