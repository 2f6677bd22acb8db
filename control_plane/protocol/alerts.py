"""Alerts of one API instance, and a list of our own with all alerts of an environment."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response
from sqlalchemy.orm import Session

from control_plane.alerts import alerts
from control_plane.alerts.alerts import InvalidAlert, Scope
from control_plane.errors import Conflict, Invalid
from control_plane.management.transaction import Transaction
from control_plane.protocol.alert_documents import (
    FIELDS,
    AlertChange,
    NewAlert,
    alert_document,
    given_in,
)
from control_plane.protocol.bodies import Filter, RowId
from control_plane.protocol.described import answers, one_of, refuses, takes
from control_plane.protocol.paging import MAX_LONG_PAGE, Page
from control_plane.protocol.scope import AlertsReader, AlertsWriter, EnvironmentScope
from control_plane.protocol.shapes import alerts as shapes
from control_plane.protocol.writing import answer, in_turn
from control_plane.store.tables import Alert, AlertStanding

router = APIRouter(
    prefix="/apimanager/api/v1/organizations/{organization_id}/environments/{environment_id}"
    "/apis/{api_id}/alerts"
)

of_environment = APIRouter(
    prefix="/policy-control-plane/v1/organizations/{organization_id}/environments/{environment_id}"
)

Uid = Annotated[str, Path(max_length=64, pattern=r"^[0-9A-Za-z-]+$")]


_SORTABLE: Final = {"id": Alert.id, "name": Alert.name, "severity": Alert.severity}


def _page(
    offset: Annotated[int, Query(ge=0, le=2**31 - 1)] = 0,
    limit: Annotated[int, Query(ge=0, le=MAX_LONG_PAGE)] = MAX_LONG_PAGE,
    sort: Filter = None,
    ascending: bool = True,
) -> Page:
    """The vendor's command line asks for pages. Without, the answer has all, as documented."""
    return Page(offset, limit, sort, ascending, query=None)


def _document(session: Session, alert: Alert) -> dict[str, Any]:
    return alert_document(alert, session.get(AlertStanding, alert.id))


@router.get("")
@answers(list[shapes.Alert])
@takes(sort=one_of(*_SORTABLE))
def all_of_api(
    scope: AlertsReader, api_id: RowId, page: Annotated[Page, Depends(_page)]
) -> list[dict[str, Any]]:
    """The alerts of the API instance, unless sorted, in the order of their making."""
    with scope.reading() as session:
        api = scope.api(session, api_id)
        matching = alerts.of_environment(api.environment_id, api.id)
        return [_document(session, alert) for alert in page.rows(session, matching, _SORTABLE)[1]]


@of_environment.get("/alerts")
@answers(list[shapes.Alert])
def all_of_environment(scope: AlertsReader) -> list[dict[str, Any]]:
    """The alerts of the environment and of its API instances, in the order of their making."""
    with scope.reading() as session:
        found = alerts.of_environment(scope.environment_id).order_by(Alert.id)
        standings = alerts.standings(session, scope.environment_id)
        return [alert_document(each, standings.get(each.id)) for each in session.scalars(found)]


@router.get("/{uid}")
@answers(shapes.Alert)
def one(scope: AlertsReader, api_id: RowId, uid: Uid) -> dict[str, Any]:
    """The alert."""
    with scope.reading() as session:
        return _document(session, alerts.get_of_api(session, scope.api(session, api_id), uid))


@router.post("", status_code=201)
@answers(list[shapes.Alert])
@refuses(Conflict)
@in_turn
def create(scope: AlertsWriter, api_id: RowId, body: NewAlert) -> Response:
    """Make an alert. The official document shows a list, with the new alert."""
    given = given_in(body)
    with scope.writing() as transaction, _faults_named():
        api = scope.api(transaction.session, api_id)
        alert = alerts.create(transaction, Scope(api.environment_id, api), given.columns)
        document = _with_webhook(scope, transaction, alert, given.webhook)
        return answer([document], HTTPStatus.CREATED)


@router.patch("/{uid}")
@answers(shapes.Alert)
@refuses(Conflict)
@in_turn
def change(scope: AlertsWriter, api_id: RowId, uid: Uid, body: AlertChange) -> Response:
    """Change the members that are given. The alert is judged anew."""
    with scope.writing() as transaction, _faults_named():
        session = transaction.session
        alert = alerts.get_of_api(session, scope.api(session, api_id), uid)
        given = given_in(body, alert)
        alerts.change(transaction, alert, given.columns)
        return answer(_with_webhook(scope, transaction, alert, given.webhook))


def _with_webhook(
    scope: EnvironmentScope, transaction: Transaction, alert: Alert, url: str | None
) -> dict[str, Any]:
    """The document, with the secret of a new webhook, which only this answer has."""
    secret = {}
    if url:
        made = alerts.set_webhook(transaction, alert, url, scope.services.delivery.sealing)
        secret = {"webhookSecret": made.secret}
    elif url is not None:
        alerts.remove_webhook(transaction, alert)
    return _document(transaction.session, alert) | secret


@contextmanager
def _faults_named() -> Iterator[None]:
    """Name the members of the document in place of columns."""
    try:
        yield
    except InvalidAlert as error:
        faults = [f"{FIELDS[name]}: {fault}" for name, fault in error.faults.items()]
        raise Invalid("; ".join(faults)) from error


@router.delete("/{uid}", status_code=204)
@in_turn
def delete(scope: AlertsWriter, api_id: RowId, uid: Uid) -> None:
    """Delete an alert with its history."""
    with scope.writing() as transaction:
        session = transaction.session
        alerts.delete(transaction, alerts.get_of_api(session, scope.api(session, api_id), uid))
