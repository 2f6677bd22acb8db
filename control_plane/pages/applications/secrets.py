"""A new secret for an application: with an overlap in which the old one works too, or at once.

The form has the application's version. A form that is sent twice, such as by loading its answer
again, makes one secret.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.errors import Stale
from control_plane.http_statuses import status_of
from control_plane.management import applications, client_secrets, versions
from control_plane.management.applications import WithSecret
from control_plane.management.audit_log import AuditFilter
from control_plane.management.transaction import Transaction
from control_plane.pages.again import ASKED_AGAIN, Again, again
from control_plane.pages.applications.application import application_of
from control_plane.pages.applications.visits import ApplicationsWriter
from control_plane.pages.forms import FIXABLE, Fields, Form, InForm, Posted
from control_plane.pages.paths import RowId
from control_plane.pages.templating import utc_text
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import ClientApplication

router = APIRouter(prefix="/environments/{environment_id}/applications/{application_id}")

OVERLAPS: Final = {
    "1": "1 hour",
    "24": "24 hours",
    "168": "7 days",
    "720": "30 days",
    "0": "not at all: the old secret ends with the next poll of each gateway",
}
"""How long the old secret may work too, in hours."""

_CHANGED: Final = (
    "no secret was made, because the application has changed since this form was opened. If you"
    " have just made a new secret, the form was sent twice: use the secret that you copied"
)


class _Rotation(Fields):
    overlap_hours: Literal["1", "24", "168", "720", "0"]
    ends_older: Literal["yes"] | None = None
    """Whether the user has agreed that the older of two secrets ends now."""


@router.get("/secret", name="new_secret")
def show(visit: ApplicationsWriter, application_id: RowId) -> Response:
    """The form for a new secret."""
    return _form_page(visit, application_id, Form({"overlap_hours": "24"}))


def _form_page(
    visit: EnvironmentVisit, application_id: int, form: Form, status: int = HTTPStatus.OK
) -> Response:
    application = application_of(visit, application_id)
    return visit.page(
        "applications/new_secret.html",
        status,
        application=application,
        form=form,
        overlaps=OVERLAPS.items(),
        seen=versions.version_of(application),
    )


@router.post("/secret")
@in_turn
def replace(visit: ApplicationsWriter, application_id: RowId, form: InForm) -> Response:
    """Make a new secret, after a question if an overlap ends by it.

    The answer is the only page with the secret.
    """
    try:
        wanted = form.checked(_Rotation)
        with visit.writing() as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            application = applications.get(session, organization_id, application_id)
            versions.require(form.text("version"), application, why=_CHANGED)
            if (until := application.overlap_ends_at) and not wanted.ends_older:
                return _ends_older_page(visit, application, until, form)
            made = _new_secret(transaction, visit, application, int(wanted.overlap_hours))
    except (*FIXABLE, Stale) as error:
        return _form_page(visit, application_id, form.refused(error), status_of(error))
    ends_at = made.application.overlap_ends_at
    return visit.page("applications/secret.html", made=made, overlap_ends_at=ends_at)


def _ends_older_page(
    visit: EnvironmentVisit, application: ClientApplication, until: datetime, form: Posted
) -> Response:
    return visit.confirm(
        f"End the older secret of {application.name} now?",
        [
            f"Two secrets work until {utc_text(until)}. A new one ends the"
            " older of them with the next poll of each gateway: requests with it get 401."
        ],
        button="Make a new secret",
        cancel=visit.url("application", application_id=application.id),
        fields={name: form.text(name) for name in ("overlap_hours", "version")}
        | {"ends_older": "yes"},
    )


def _new_secret(
    transaction: Transaction, visit: EnvironmentVisit, application: ClientApplication, hours: int
) -> WithSecret:
    form = visit.services.settings.secret_form
    if hours:
        return client_secrets.rotate(transaction, application, form, timedelta(hours=hours))
    return client_secrets.reset(transaction, application, form)


@router.get("/end-overlap", name="end_overlap")
def ask_to_end(visit: ApplicationsWriter, application_id: RowId) -> Response:
    """Ask before the old secret ends."""
    return _end_page(visit, application_id)


def _end_page(visit: EnvironmentVisit, application_id: int, again: Again | None = None) -> Response:
    application = application_of(visit, application_id)
    until = application.overlap_ends_at
    return visit.confirm(
        f"End the old secret of {application.name} now?",
        [
            "Requests with the old secret get 401 from the next poll of each gateway on."
            + (f" Without this, it works until {utc_text(until)}." if until else "")
        ],
        button="End it",
        cancel=visit.url("application", application_id=application_id),
        fields={"version": versions.version_of(application)},
        again=again,
    )


@router.post("/end-overlap")
@in_turn
def end(visit: ApplicationsWriter, application_id: RowId, form: InForm) -> Response:
    """End the old secret."""
    try:
        with visit.writing() as transaction:
            session, organization_id = transaction.session, transaction.organization_id
            application = applications.get(session, organization_id, application_id)
            versions.require(form.text("version"), application)
            client_secrets.end_overlap(transaction, application)
    except ASKED_AGAIN as error:
        about = AuditFilter(kind="application", object_id=application_id)
        return _end_page(visit, application_id, again(visit, form, error, about))
    path = visit.url("application", application_id=application_id)
    return visit.redirect(path, f"Only the new secret of {application.name} works.")
