"""The SLA tiers of an API instance, and a new one."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.http_statuses import status_of
from control_plane.management import tiers
from control_plane.pages.apis.visits import ApisReader, ApisWriter, api_tabs, title_of
from control_plane.pages.forms import FIXABLE, Form, InForm
from control_plane.pages.paths import RowId
from control_plane.pages.tiers.fields import UNITS, columns_of, rows_of
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import SlaTier

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}/tiers")


@router.get("", name="tiers")
def show_all(visit: ApisReader, api_id: RowId) -> Response:
    """The tiers, deprecated ones too."""
    with visit.reading() as session:
        api = visit.api(session, api_id)
        return visit.page(
            "tiers/list.html",
            api=api,
            title=title_of(api),
            tabs=api_tabs(visit, api_id),
            rows=session.scalars(tiers.of_api(api_id).order_by(SlaTier.id)).all(),
            counts=tiers.application_counts(session, api_id),
        )


@router.get("/new", name="new_tier")
def show_new(visit: ApisWriter, api_id: RowId) -> Response:
    """The form for a new tier."""
    return _new_page(visit, api_id, Form())


def _new_page(
    visit: EnvironmentVisit, api_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        return visit.page(
            "tiers/form.html",
            status,
            restorable=True,
            api=api,
            title=title_of(api),
            tier=None,
            users=0,
            form=form,
            numbers=rows_of(form),
            units=[(unit, unit) for unit in UNITS],
        )


@router.post("/new")
@in_turn
def create(visit: ApisWriter, api_id: RowId, form: InForm) -> Response:
    """Offer a new tier."""
    try:
        columns = columns_of(form)
        with visit.writing() as transaction:
            tiers.create(transaction, visit.api(transaction.session, api_id), columns)
    except FIXABLE as error:
        return _new_page(visit, api_id, form.refused(error), status_of(error))
    return visit.redirect(
        visit.url("tiers", api_id=api_id), f"The tier {columns['name']} is created."
    )
