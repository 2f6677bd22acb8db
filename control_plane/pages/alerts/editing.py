"""The form for a new alert, and for a change of one."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from control_plane.alerts import alerts
from control_plane.alerts.alerts import InvalidAlert, Scope, Webhook
from control_plane.errors import NotFound, Refused, Stale
from control_plane.http_statuses import status_of
from control_plane.management import apis, twins, versions
from control_plane.management.transaction import Transaction
from control_plane.pages.alerts.fields import (
    CHOICES,
    LABELS,
    NEW,
    columns_of,
    values_of,
    webhook_of,
)
from control_plane.pages.alerts.overview import AlertsWriter, api_id_of
from control_plane.pages.forms import FIXABLE, Form, InForm, InvalidForm, Posted, sentence
from control_plane.pages.listing import InListing
from control_plane.pages.paths import RowId
from control_plane.pages.visit import EnvironmentVisit, in_turn
from control_plane.store.tables import Alert

_WHOLE = "all"
"""The choice of the whole environment."""

router = APIRouter(prefix="/environments/{environment_id}/alerts")


@router.get("/new", name="new_alert")
def show_new(visit: AlertsWriter, listing: InListing) -> Response:
    """The form for a new alert; the parameter `api` chooses an API instance."""
    return _page(visit, Form(NEW | {"api": listing.query.get("api", "")}))


def _page(
    visit: EnvironmentVisit,
    form: Form,
    status: int = HTTPStatus.OK,
    alert: Alert | None = None,
) -> Response:
    with visit.reading() as session:
        names = apis.names(session, visit.environment.id)
        newest = form.value("newest") or twins.newest(session, Alert)
    by_name = sorted(names.items(), key=lambda each: (each[1], each[0]))
    return visit.page(
        "alerts/form.html",
        status,
        form=form,
        alert=alert,
        newest=newest,
        apis=[(i, f"{name} (instance {i})") for i, name in by_name],
        has_mail=visit.services.delivery.mail_server is not None,
        **CHOICES,
    )


@router.post("/new")
@in_turn
def create(visit: AlertsWriter, form: InForm) -> Response:
    """Make an alert."""
    try:
        with visit.writing() as transaction:
            scope = _scope(visit, transaction, form)
            columns = columns_of(form, None if scope.api is None else scope.api.id)
            own = {"environment_id": visit.environment.id, "api": scope.api}
            twin = twins.twin(transaction.session, Alert, form.text("newest"), columns | own)
            alert = twin or alerts.create(transaction, scope, columns)
            made = None if twin else _set_webhook(visit, transaction, alert, form)
    except (NotFound, *FIXABLE) as error:
        return _page(visit, _refused(form, error), status_of(error))
    return _done(visit, alert, made, f"The alert {alert.name} is created.")


def _scope(visit: EnvironmentVisit, transaction: Transaction, form: Posted) -> Scope:
    text = form.text("api")
    api_id = api_id_of(text)
    if text != _WHOLE and api_id is None:
        raise InvalidForm({"api": "Choose one of the APIs."})
    api = None if api_id is None else visit.api(transaction.session, api_id)
    return Scope(visit.environment.id, api)


def _refused(form: Posted, error: Refused) -> Form:
    if isinstance(error, InvalidAlert):
        sentences = {name: sentence(text) for name, text in error.faults.items()}
        return form.refused(InvalidForm(sentences))
    return form.refused(error)


def _set_webhook(
    visit: EnvironmentVisit, transaction: Transaction, alert: Alert, form: Posted
) -> Webhook | None:
    """The webhook if it is a new one, with its secret."""
    url = webhook_of(form)
    if url:
        return alerts.set_webhook(transaction, alert, url, visit.services.delivery.sealing)
    if url is not None:
        alerts.remove_webhook(transaction, alert)
    return None


def _done(visit: EnvironmentVisit, alert: Alert, made: Webhook | None, message: str) -> Response:
    """The page of the alert; first, if there is a new webhook, the only page with its secret."""
    if made is not None:
        return visit.page("alerts/secret.html", alert=alert, secret=made.secret)
    return visit.redirect(visit.url("alert", alert_id=alert.id), message)


@router.get("/{alert_id}/edit", name="edit_alert")
def show(visit: AlertsWriter, alert_id: RowId) -> Response:
    """The form to change an alert."""
    alert = _alert(visit, alert_id)
    return _page(visit, Form(_values(alert)), alert=alert)


def _alert(visit: EnvironmentVisit, alert_id: int) -> Alert:
    with visit.reading() as session:
        return alerts.get(session, visit.environment.id, alert_id)


def _values(alert: Alert) -> dict[str, Any]:
    return values_of(alert) | {"version": versions.version_of(alert)}


@router.post("/{alert_id}/edit")
@in_turn
def change(visit: AlertsWriter, alert_id: RowId, form: InForm) -> Response:
    """Change an alert, unless somebody else has changed it in the meantime."""
    try:
        with visit.writing() as transaction:
            alert = alerts.get(transaction.session, visit.environment.id, alert_id)
            versions.require(form.text("version"), alert)
            alerts.change(transaction, alert, columns_of(form, alert.api_id, alert))
            made = _set_webhook(visit, transaction, alert, form)
    except Stale:
        return _compare(visit, alert_id, form)
    except FIXABLE as error:
        alert = _alert(visit, alert_id)
        return _page(visit, _refused(form, error), status_of(error), alert)
    return _done(visit, alert, made, f"The alert {alert.name} is changed.")


def _compare(visit: EnvironmentVisit, alert_id: int, form: Posted) -> Response:
    alert = _alert(visit, alert_id)
    theirs = dict.fromkeys(LABELS, "") | values_of(alert)
    cancel = visit.url("alert", alert_id=alert_id)
    return visit.stale(form, LABELS, theirs, versions.version_of(alert), cancel=cancel)
