"""Creating an API instance."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.http_statuses import status_of
from control_plane.management import apis, twins
from control_plane.management.transaction import Transaction
from control_plane.pages.apis.api_fields import TECHNOLOGIES, NewApi, empty_form
from control_plane.pages.apis.visits import ApisWriter, title_of
from control_plane.pages.forms import FIXABLE, Form, InForm, Posted
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import ApiInstance

router = APIRouter()


@router.get("/environments/{environment_id}/apis/new", name="new_api")
def show_new(visit: ApisWriter) -> Response:
    """The form for a new API instance, in the group of the newest one."""
    with visit.reading() as session:
        group_id = apis.newest_group(session, visit.environment.id)
    return _page(visit, empty_form(group_id or visit.caller.organization_id))


def _page(visit: EnvironmentVisit, form: Form, status: int = HTTPStatus.OK) -> Response:
    with visit.reading() as session:
        newest = form.value("newest") or twins.newest(session, ApiInstance)
    return visit.page(
        "apis/new.html",
        status,
        restorable=True,
        form=form,
        technologies=TECHNOLOGIES,
        newest=newest,
    )


@router.post("/environments/{environment_id}/apis/new")
@in_turn
def create(visit: ApisWriter, form: InForm) -> Response:
    """Create an API instance, and its asset if it is the first of it."""
    try:
        given = form.checked(NewApi)
        columns = given.columns() | {"technology": given.technology, "provider_id": None}
        name = apis.AssetName(given.group_id, given.asset_id)
        with visit.writing() as transaction:
            api = _twin(visit, transaction, form, columns, name) or apis.create(
                transaction, visit.environment.id, name, columns
            )
            transaction.session.flush()
            path = visit.url("api", api_id=api.id)
            created = title_of(api)
    except FIXABLE as error:
        return _page(visit, form.refused(error), status_of(error))
    return visit.redirect(path, f"The API instance {created} is created.")


def _twin(
    visit: EnvironmentVisit,
    transaction: Transaction,
    form: Posted,
    columns: dict[str, Any],
    name: apis.AssetName,
) -> ApiInstance | None:
    """What the same form has created already."""
    own = {
        "environment_id": visit.environment.id,
        "asset.group_id": name.group_id,
        "asset.asset_id": name.asset_id,
    }
    return twins.twin(transaction.session, ApiInstance, form.text("newest"), columns | own)
