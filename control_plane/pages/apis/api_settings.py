"""Changing, deprecating and deleting an API instance."""

from http import HTTPStatus
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.errors import Stale
from control_plane.http_statuses import status_of
from control_plane.management import apis, versions
from control_plane.management.apis import Content
from control_plane.management.audit_log import AuditFilter
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.apis.api_fields import LABELS, ChangedApi, values_of
from control_plane.pages.apis.overview import totals_of_day
from control_plane.pages.apis.visits import ApisReader, ApisWriter, api_tabs, title_of
from control_plane.pages.forms import FIXABLE, Form, InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.templating import counted
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import ApiInstance

router = APIRouter(prefix="/environments/{environment_id}/apis/{api_id}")

_UNVERSIONED: Final = ("policies_changed_at", "updated_at")


@router.get("/settings", name="api_settings")
def show(visit: ApisReader, api_id: RowId) -> Response:
    """The form to change an API instance."""
    return _page(visit, api_id)


def _page(
    visit: EnvironmentVisit, api_id: int, refused: Form | None = None, status: int = HTTPStatus.OK
) -> Response:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        form = refused or Form(values_of(api) | {"version": _version(api)})
        return visit.page(
            "apis/settings.html",
            status,
            restorable=True,
            api=api,
            title=title_of(api),
            form=form,
            tabs=api_tabs(visit, api_id),
        )


def _version(api: ApiInstance) -> str:
    # A change of its policies is no change of the instance.
    return versions.version_of(api, without=_UNVERSIONED)


@router.post("/settings")
@in_turn
def change(visit: ApisWriter, api_id: RowId, form: InForm) -> Response:
    """Change an API instance, unless somebody else has changed it in the meantime."""
    try:
        given = form.checked(ChangedApi)
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            versions.require(form.text("version"), api, without=_UNVERSIONED)
            apis.change(transaction, api, given.columns(api))
            changed = title_of(api)
    except Stale:
        return _compare(visit, api_id, form)
    except FIXABLE as error:
        return _page(visit, api_id, form.refused(error), status_of(error))
    return visit.redirect(visit.url("api_settings", api_id=api_id), f"{changed} is changed.")


def _compare(visit: EnvironmentVisit, api_id: int, form: Posted) -> Response:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        theirs, version = values_of(api), _version(api)
    cancel = visit.url("api_settings", api_id=api_id)
    return visit.stale(form, LABELS, theirs, version, cancel=cancel)


@router.get("/delete", name="delete_api")
def ask_to_delete(visit: ApisWriter, api_id: RowId) -> Response:
    """Ask before an API instance is deleted."""
    return _delete_page(visit, api_id)


def _delete_page(visit: EnvironmentVisit, api_id: int, again: Again | None = None) -> Response:
    with visit.reading() as session:
        api = visit.api(session, api_id)
        name, title = api.asset.asset_id, title_of(api)
        content = apis.content(session, api_id)
        version = versions.version_of(api, content, without=_UNVERSIONED)
    return visit.confirm(
        f"Delete the API instance {title}?",
        [*_consequences(visit, api_id, content)],
        button="Delete",
        cancel=visit.url("api_settings", api_id=api_id),
        fields={"version": version},
        type_name=name,
        again=again,
    )


def _consequences(visit: EnvironmentVisit, api_id: int, content: Content) -> list[str]:
    applications = counted(content.approved, "client application")
    found = [
        f"{counted(content.policies, 'policy', 'policies')},"
        f" {counted(content.tiers, 'SLA tier')} and {counted(content.contracts, 'contract')} are"
        f" deleted with it. {applications} will have no contract for it any more.",
        "Within a minute, adapters answer its requests with 403 (api_unknown).",
    ]
    totals = totals_of_day(visit)
    if totals is not None:
        requests = totals[api_id].requests if api_id in totals else 0
        found.append(f"It had {counted(requests, 'request')} in the last 24 hours.")
    return [*found, "To warn clients first, set the tick at “Deprecated” instead."]


@router.post("/delete")
@in_turn
def delete(visit: ApisWriter, api_id: RowId, form: InForm) -> Response:
    """Delete an API instance whose name was typed."""
    try:
        with visit.writing() as transaction:
            api = visit.api(transaction.session, api_id)
            form.require_typed(api.asset.asset_id)
            content = apis.content(transaction.session, api_id)
            versions.require(form.text("version"), api, content, without=_UNVERSIONED)
            title = title_of(api)
            apis.delete(transaction, api)
    except ASKED_AGAIN as error:
        return _delete_page(visit, api_id, again(visit, form, error, AuditFilter(api_id=api_id)))
    return visit.redirect(visit.url("apis"), f"The API instance {title} is deleted.")
