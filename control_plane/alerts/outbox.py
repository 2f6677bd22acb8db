"""The outbox: notices that wait for delivery, and what became of them.

It is in the database, so a notice outlives a restart, and of several processes only one sends it:
who takes a delivery moves its due time first, under the write lock. If that process dies, another
one takes it when that time has come.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from control_plane.alerts.notices import Document
from control_plane.alerts.rules import Event
from control_plane.store.tables import Alert, AlertDelivery, AlertNotice, AlertStanding, User

MAX_WAITING: Final = 2_000
"""Deliveries that wait. More are dropped, and counted as failed."""
MAX_NOTICES: Final = 100
"""Notices that an alert keeps as its history."""
MAX_ATTEMPTS: Final = 6
LEASE: Final = timedelta(minutes=2)
"""How long a process has for a delivery that it took."""
_FIRST_WAIT: Final = timedelta(seconds=30)
_MAX_ERROR: Final = 300


class Channel(StrEnum):
    """How a notice is delivered."""

    WEBHOOK = "webhook"
    MAIL = "mail"


class Outcome(StrEnum):
    """What became of a delivery."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    REPLACED = "replaced"
    """It failed, and before the next attempt there was news."""
    DROPPED = "dropped"
    """There was no room."""


@dataclass(frozen=True, slots=True, eq=False)
class Letter:
    """A notice for one recipient."""

    delivery_id: int
    channel: Channel
    target: str
    document: Document
    sealed: str | None
    """The alert's webhook as it is now."""


def add(session: Session, alert: Alert, event: Event, document: Document, at: datetime) -> None:
    """Write a notice, and a delivery for each recipient. Older ones that wait are replaced."""
    older = select(AlertNotice.id).where(AlertNotice.alert_id == alert.id)
    session.execute(
        update(AlertDelivery)
        .where(AlertDelivery.notice_id.in_(older), AlertDelivery.outcome == Outcome.WAITING)
        .values(outcome=Outcome.REPLACED)
    )
    room = MAX_WAITING - waiting(session)
    deliveries = [
        _delivery(channel, target, at, Outcome.WAITING if number < room else Outcome.DROPPED)
        for number, (channel, target) in enumerate(targets(session, alert))
    ]
    session.add(
        AlertNotice(alert_id=alert.id, at=at, event=event, document=document, deliveries=deliveries)
    )
    dropped = sum(each.outcome == Outcome.DROPPED for each in deliveries)
    session.get_one(AlertStanding, alert.id).failed += dropped
    _forget_oldest(session, alert.id)


def record_test(
    session: Session, alert_id: int, results: Mapping[Letter, str], at: datetime
) -> None:
    """Write a test notice with what became of it. Other notices go on waiting."""
    deliveries = []
    for letter, error in results.items():
        outcome = Outcome.FAILED if error else Outcome.SENT
        delivery = _delivery(letter.channel, letter.target, at, outcome)
        delivery.attempts, delivery.error = 1, error[:_MAX_ERROR]
        deliveries.append(delivery)
    document = next(iter(results)).document
    session.add(
        AlertNotice(
            alert_id=alert_id, at=at, event=Event.TEST, document=document, deliveries=deliveries
        )
    )
    _forget_oldest(session, alert_id)


def targets(session: Session, alert: Alert) -> list[tuple[Channel, str]]:
    """Who is told: the webhook, and each mail address once."""
    found = [(Channel.MAIL, mail) for mail in _mails(session, alert.recipients) if mail]
    if alert.webhook_origin is not None:
        found.insert(0, (Channel.WEBHOOK, alert.webhook_origin))
    return [*dict.fromkeys(found)]


def _mails(session: Session, recipients: Iterable[dict[str, Any]]) -> list[str | None]:
    """The addresses. A user who is gone or disabled, or has no address, has none."""
    return [
        _mail_of(session.get(User, int(each["value"]))) if each["type"] == "user" else each["value"]
        for each in recipients
    ]


def _mail_of(user: User | None) -> str | None:
    return user.email if user is not None and user.enabled else None


def _delivery(channel: Channel, target: str, at: datetime, outcome: Outcome) -> AlertDelivery:
    return AlertDelivery(
        channel=channel, target=target, outcome=outcome, attempts=0, due_at=at, error=""
    )


def waiting(session: Session) -> int:
    """How many deliveries wait."""
    query = select(func.count()).where(AlertDelivery.outcome == Outcome.WAITING)
    return session.scalar(query) or 0


def _forget_oldest(session: Session, alert_id: int) -> None:
    session.flush()
    newest = select(AlertNotice.id).where(AlertNotice.alert_id == alert_id)
    kept = newest.order_by(AlertNotice.id.desc()).limit(MAX_NOTICES)
    session.execute(
        delete(AlertNotice).where(
            AlertNotice.alert_id == alert_id, AlertNotice.id.not_in(kept.scalar_subquery())
        ),
        execution_options={"synchronize_session": False},
    )


def history(session: Session, alert_id: int, limit: int = MAX_NOTICES) -> Sequence[AlertNotice]:
    """The notices about an alert, newest first."""
    query = select(AlertNotice).where(AlertNotice.alert_id == alert_id)
    return session.scalars(query.order_by(AlertNotice.id.desc()).limit(limit)).all()


def has_due(session: Session, now: datetime) -> bool:
    """Whether a delivery is due. It needs no write lock, unlike `take`."""
    due = (AlertDelivery.outcome == Outcome.WAITING) & (AlertDelivery.due_at <= now)
    return session.scalar(select(AlertDelivery.id).where(due).limit(1)) is not None


def take(session: Session, now: datetime, limit: int) -> list[Letter]:
    """Deliveries that are due. Nobody else gets them before the lease ends."""
    query = (
        select(AlertDelivery, AlertNotice, Alert.webhook_secret)
        .join(AlertNotice, AlertNotice.id == AlertDelivery.notice_id)
        .join(Alert, Alert.id == AlertNotice.alert_id)
        .where(AlertDelivery.outcome == Outcome.WAITING, AlertDelivery.due_at <= now)
        .order_by(AlertDelivery.due_at, AlertDelivery.id)
        .limit(limit)
    )
    letters = []
    for delivery, notice, sealed in session.execute(query):
        delivery.due_at = now + LEASE
        delivery.attempts += 1
        channel = Channel(delivery.channel)
        letters.append(Letter(delivery.id, channel, delivery.target, notice.document, sealed))
    return letters


def settle(session: Session, delivery_id: int, error: str, now: datetime) -> Outcome | None:
    """Note what became of a delivery; an empty error means that it was sent.

    A failed one waits twice as long each time, and is given up after MAX_ATTEMPTS. Return None if
    the alert is gone.
    """
    delivery = session.get(AlertDelivery, delivery_id)
    if delivery is None:
        return None
    delivery.error = error[:_MAX_ERROR]
    notice = session.get_one(AlertNotice, delivery.notice_id)
    standing = session.get_one(AlertStanding, notice.alert_id)
    if not error:
        delivery.outcome = Outcome.SENT
        standing.sent += 1
    elif delivery.outcome == Outcome.WAITING and delivery.attempts < MAX_ATTEMPTS:
        delivery.due_at = now + _FIRST_WAIT * 2 ** (delivery.attempts - 1)
    elif delivery.outcome == Outcome.WAITING:
        delivery.outcome = Outcome.FAILED
        standing.failed += 1
    return Outcome(delivery.outcome)
