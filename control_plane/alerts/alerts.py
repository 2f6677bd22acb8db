"""Use cases: the alerts of an environment, and what may be changed about them."""

import json
import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from control_plane.alerts.addresses import RefusedAddressError, checked_url
from control_plane.alerts.definitions import MAX_ALERTS, faults_of
from control_plane.alerts.rules import UNITS, Kind, Operator, Rule, Standing, Word
from control_plane.errors import Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.sealing import Seal
from control_plane.store.tables import Alert, AlertStanding, ApiInstance, User

_SECRET_BYTES = 32


class Webhook(NamedTuple):
    """Where notices are posted, and what they are signed with."""

    url: str
    secret: str


class Scope(NamedTuple):
    """What an alert is about: an API instance, or a whole environment."""

    environment_id: str
    api: ApiInstance | None = None


class Sealing(NamedTuple):
    """What webhooks need: the seal, and whether they may be on this machine."""

    seal: Seal
    loopback: bool


class InvalidAlert(Invalid):
    """An alert makes no sense; `faults` says why, by column."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {fault}" for name, fault in faults.items()))
        self.faults = faults


def of_environment(environment_id: str, api_id: int | None = None) -> Select[Alert]:
    """The alerts of an environment, or only those of one API instance."""
    found = select(Alert).where(Alert.environment_id == environment_id)
    return found if api_id is None else found.where(Alert.api_id == api_id)


def rule_of(alert: Alert) -> Rule:
    """The alert's rule."""
    return Rule(
        Kind(alert.kind),
        Operator(alert.operator),
        alert.threshold,
        alert.period_count * UNITS[alert.period_unit],
        alert.periods,
        alert.percent,
        alert.minimum,
        timedelta(minutes=alert.repeat_minutes) if alert.repeat_minutes else None,
    )


def standing_of(row: AlertStanding) -> Standing:
    """How the alert of this row stands."""
    return Standing(Word(row.word), row.value, row.triggered_at, row.notified_at)


def get(session: Session, environment_id: str, alert_id: int) -> Alert:
    """The alert; raise NotFound if the environment has none with this id."""
    alert = session.get(Alert, alert_id)
    if alert is None or alert.environment_id != environment_id:
        raise NotFound(f"alert {alert_id} not found")
    return alert


def get_of_api(session: Session, api: ApiInstance, uid: str) -> Alert:
    """The alert with this official id; raise NotFound if the API instance has none."""
    found = session.scalars(of_environment(api.environment_id, api.id).where(Alert.uid == uid))
    alert = found.one_or_none()
    if alert is None:
        raise NotFound(f"alert {uid!r} not found")
    return alert


def standings(session: Session, environment_id: str) -> dict[int, AlertStanding]:
    """How each alert of the environment stands."""
    query = select(AlertStanding).join(AlertStanding.alert)
    rows = session.scalars(query.where(Alert.environment_id == environment_id))
    return {row.alert_id: row for row in rows}


def triggered(session: Session, environment_id: str) -> list[AlertStanding]:
    """The alerts of the environment that are triggered, the newest first."""
    query = (
        select(AlertStanding)
        .join(AlertStanding.alert)
        .where(
            Alert.environment_id == environment_id,
            Alert.enabled,
            AlertStanding.triggered_at.is_not(None),
        )
    )
    return list(session.scalars(query.order_by(AlertStanding.triggered_at.desc())))


class Notices(NamedTuple):
    """How many notices the alerts of an environment made, counted by their recipients."""

    sent: int
    failed: int


def notices(session: Session, environment_id: str) -> Notices:
    """Of the alerts that there are: those of a deleted alert do not count any more."""
    query = select(func.sum(AlertStanding.sent), func.sum(AlertStanding.failed))
    of = query.join(AlertStanding.alert).where(Alert.environment_id == environment_id)
    sent, failed = session.execute(of).one()
    return Notices(int(sent or 0), int(failed or 0))


def count(session: Session, environment_id: str) -> int:
    """How many alerts the environment has."""
    return session.scalar(select(func.count()).where(Alert.environment_id == environment_id)) or 0


def create(transaction: Transaction, scope: Scope, columns: Mapping[str, Any]) -> Alert:
    """Make an alert; it is judged in the next round. Raise Invalid with everything wrong in it."""
    api_id = None if scope.api is None else scope.api.id
    _require_valid(transaction, columns, api_id)
    if count(transaction.session, scope.environment_id) >= MAX_ALERTS:
        raise Invalid(f"the environment has {MAX_ALERTS} alerts already")
    alert = Alert(
        uid=str(uuid.uuid4()),
        organization_id=transaction.organization_id,
        environment_id=scope.environment_id,
        api=scope.api,
        created_at=transaction.now,
        **columns,
    )
    transaction.session.add(alert)
    audit_log.record_creation(transaction, alert)
    standing = AlertStanding(alert_id=alert.id, sent=0, failed=0)
    _begin_anew(standing, transaction.now)
    transaction.session.add(standing)
    return alert


def change(transaction: Transaction, alert: Alert, columns: Mapping[str, Any]) -> Alert:
    """Change the named columns. The alert begins anew, without a notice about its old state."""
    changed = {name: columns.get(name, getattr(alert, name)) for name in _RULE} | dict(columns)
    _require_valid(transaction, changed, alert.api_id)
    with audit_log.recorded_change(transaction, alert):
        for name, value in columns.items():
            setattr(alert, name, value)
        alert.updated_at = transaction.now
    _begin_anew(transaction.session.get_one(AlertStanding, alert.id), transaction.now)
    return alert


_RULE = ("kind", "operator", "threshold", "period_unit", "period_count", "periods", "recipients")


def _require_valid(
    transaction: Transaction, columns: Mapping[str, Any], api_id: int | None
) -> None:
    faults = faults_of(columns, api_id)
    unknown = [
        each["value"]
        for each in columns["recipients"]
        if each["type"] == "user" and mail_of(transaction, each["value"]) is None
    ]
    if unknown:
        faults["recipients"] = f"no user with a mail address has the id {', '.join(unknown)}"
    if faults:
        raise InvalidAlert(faults)


def mail_of(transaction: Transaction, user_id: str) -> str | None:
    """The mail address of the organization's user with this id."""
    number = int(user_id) if user_id.isascii() and user_id.isdigit() and len(user_id) < 18 else 0
    user = transaction.session.get(User, number)
    own = user is not None and user.organization_id == transaction.organization_id
    return user.email if user is not None and own else None


def _begin_anew(standing: AlertStanding, now: datetime) -> None:
    standing.word, standing.detail, standing.memory = Word.NEW, "", {}
    standing.value = standing.triggered_at = standing.notified_at = standing.judged_at = None
    standing.due_at = now


def set_webhook(transaction: Transaction, alert: Alert, url: str, sealing: Sealing) -> Webhook:
    """Post notices to this URL from now on, signed with a new secret, which is returned.

    Raises Invalid if webhooks may not be sent to this URL.
    """
    try:
        parts = checked_url(url, loopback=sealing.loopback)
    except RefusedAddressError as error:
        raise InvalidAlert({"webhook_url": str(error)}) from error
    webhook = Webhook(url, secrets.token_urlsafe(_SECRET_BYTES))
    with audit_log.recorded_change(transaction, alert, "set_webhook"):
        alert.webhook_origin = f"{parts.scheme}://{parts.netloc}"
        alert.webhook_secret = sealing.seal.close(json.dumps(webhook))
        alert.updated_at = transaction.now
    return webhook


def remove_webhook(transaction: Transaction, alert: Alert) -> None:
    """Post no notices any more."""
    if alert.webhook_secret is None:
        return
    with audit_log.recorded_change(transaction, alert, "remove_webhook"):
        alert.webhook_origin = alert.webhook_secret = None
        alert.updated_at = transaction.now


def webhook_of(sealed: str, seal: Seal) -> Webhook:
    """The webhook that is sealed in a row; raise BrokenSealError if it can't be read."""
    return Webhook(*json.loads(seal.open(sealed)))


def delete(transaction: Transaction, alert: Alert) -> None:
    """Delete an alert with its history. Notices that wait are not sent any more."""
    audit_log.record_deletion(transaction, alert)
    transaction.session.delete(alert)
