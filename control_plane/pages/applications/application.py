"""One client application: what it is, what it may call and does call; change and delete it."""

from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.analytics.queries import ApiTotal
from control_plane.errors import Stale
from control_plane.http_statuses import status_of
from control_plane.management import applications, contract_queue, versions
from control_plane.management.audit_log import AuditFilter
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.applications.fields import LABELS, ApplicationFields, values_of
from control_plane.pages.applications.visits import ApplicationsReader, ApplicationsWriter
from control_plane.pages.forms import FIXABLE, Form, InForm, Posted
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.templating import counted
from control_plane.pages.usage import DAY, WEEK, quotas, requests_today, totals_of_clients
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import ClientApplication, Contract

router = APIRouter(prefix="/environments/{environment_id}/applications/{application_id}")


class _Span(NamedTuple):
    label: str
    total: ApiTotal


_UNVERSIONED: Final = (
    *("secret_salt", "secret_hash", "previous_secret_hash", "overlap_ends_at"),
    "updated_at",
)
"""A new secret changes nothing that the form shows."""
_SPANS: Final = {"24 hours": DAY, "7 days": WEEK}


@router.get("", name="application")
def show(visit: ApplicationsReader, application_id: RowId, listing: InListing) -> Response:
    """One application, with its contracts in the environment."""
    with visit.reading() as session:
        application = applications.get(session, visit.caller.organization_id, application_id)
        found = contract_queue.of_application(visit.environment.id, application_id)
        part = listing.rows(session, found, {"requested": Contract.id})
        shown = quotas(visit, session, application.client_id, part.rows)
    return visit.page(
        "applications/application.html",
        application=application,
        part=part,
        spans=_spans(visit, application),
        quotas=shown,
    )


def _spans(visit: EnvironmentVisit, application: ClientApplication) -> list[_Span]:
    client_id = application.client_id
    return [
        _Span(label, totals_of_clients(visit, [client_id], span).get(client_id, ApiTotal()))
        for label, span in _SPANS.items()
    ]


def application_of(visit: EnvironmentVisit, application_id: int) -> ClientApplication:
    """The application; raise NotFound if the organization has none with this id."""
    with visit.reading() as session:
        return applications.get(session, visit.caller.organization_id, application_id)


@router.get("/edit", name="edit_application")
def show_form(visit: ApplicationsWriter, application_id: RowId) -> Response:
    """The form to change an application."""
    return _edit_page(visit, application_id)


def _edit_page(
    visit: EnvironmentVisit,
    application_id: int,
    refused: Form | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    application = application_of(visit, application_id)
    form = refused or Form(values_of(application) | {"version": _version(application)})
    return visit.page(
        "applications/edit.html", status, restorable=True, application=application, form=form
    )


def _version(application: ClientApplication) -> str:
    return versions.version_of(application, without=_UNVERSIONED)


@router.post("/edit")
@in_turn
def change(visit: ApplicationsWriter, application_id: RowId, form: InForm) -> Response:
    """Change an application, unless somebody else has changed it in the meantime."""
    try:
        columns = form.checked(ApplicationFields).columns()
        with visit.writing() as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            application = applications.get(session, organization_id, application_id)
            versions.require(form.text("version"), application, without=_UNVERSIONED)
            applications.change(transaction, application, columns)
    except Stale:
        return _compare(visit, application_id, form)
    except FIXABLE as error:
        return _edit_page(visit, application_id, form.refused(error), status_of(error))
    path = visit.url("application", application_id=application_id)
    return visit.redirect(path, f"{application.name} is changed.")


def _compare(visit: EnvironmentVisit, application_id: int, form: Posted) -> Response:
    application = application_of(visit, application_id)
    cancel = visit.url("edit_application", application_id=application_id)
    return visit.stale(form, LABELS, values_of(application), _version(application), cancel=cancel)


@router.get("/delete", name="delete_application")
def ask_to_delete(visit: ApplicationsWriter, application_id: RowId) -> Response:
    """Ask before an application is deleted."""
    return _delete_page(visit, application_id)


def _delete_page(
    visit: EnvironmentVisit, application_id: int, again: Again | None = None
) -> Response:
    with visit.reading() as session:
        application = applications.get(session, visit.caller.organization_id, application_id)
        contracts = len(applications.contracts_of(session, application))
        version = versions.version_of(application, (contracts,))
    requests = sum(requests_today(visit, application.client_id).values())
    return visit.confirm(
        f"Delete the application {application.name}?",
        [
            f"Its client ID and its {counted(contracts, 'contract')} in all environments end. It"
            f" made {counted(requests, 'request')} in {visit.environment.name} today (UTC). From"
            " the next poll of each gateway on, its requests get 401.",
            "This can't be undone. To stop an application for a while, revoke its contracts.",
        ],
        button="Delete",
        cancel=visit.url("application", application_id=application_id),
        fields={"version": version},
        type_name=application.name,
        again=again,
    )


@router.post("/delete")
@in_turn
def delete(visit: ApplicationsWriter, application_id: RowId, form: InForm) -> Response:
    """Delete an application whose name was typed."""
    try:
        with visit.writing() as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            application = applications.get(session, organization_id, application_id)
            form.require_typed(application.name)
            contracts = len(applications.contracts_of(session, application))
            versions.require(form.text("version"), application, (contracts,))
            applications.delete(transaction, application)
    except ASKED_AGAIN as error:
        about = AuditFilter(kind="application", object_id=application_id)
        return _delete_page(visit, application_id, again(visit, form, error, about))
    return visit.redirect(visit.url("applications"), f"{application.name} is deleted.")
