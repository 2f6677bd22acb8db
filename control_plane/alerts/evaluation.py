"""Judges the alerts that are due, in three steps: take them, measure, and write the results.

Taking moves the due time under the write lock, so two processes do not measure the same alert at
once. Results are written under the same lock, from the standing that is stored then. So even if
two processes have measured the same alert, people are told once.
"""

from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.alerts import outbox
from control_plane.alerts.alerts import rule_of, standing_of
from control_plane.alerts.losses import Memory
from control_plane.alerts.measurements import Sources, measure
from control_plane.alerts.notices import document_of
from control_plane.alerts.rules import Event, Measured, Rule, Standing, judge
from control_plane.analytics.analytics_store import AnalyticsStore
from control_plane.store.database import Database
from control_plane.store.tables import Alert, AlertStanding, Environment

MAX_AT_ONCE: Final = 100
"""Alerts that are judged in one go, so that other changes need not wait long for the lock."""


class Taken(NamedTuple):
    """An alert that is to be measured."""

    alert_id: int
    environment_id: str
    api_id: int | None
    rule: Rule
    memory: Memory


class Result(NamedTuple):
    """What was measured of an alert."""

    taken: Taken
    measured: Measured
    memory: Memory


def take(database: Database, now: datetime, interval: timedelta) -> list[Taken]:
    """The alerts that are due. They are due again after the interval."""
    query = (
        select(AlertStanding)
        .join(AlertStanding.alert)
        .where(Alert.enabled, AlertStanding.due_at <= now)
        .order_by(AlertStanding.due_at)
        .limit(MAX_AT_ONCE)
    )
    with database.write() as session:
        rows = session.scalars(query).all()
        for row in rows:
            row.due_at = now + interval
        return [_taken(row) for row in rows]


def _taken(row: AlertStanding) -> Taken:
    alert = row.alert
    memory = dict(row.memory)
    return Taken(alert.id, alert.environment_id, alert.api_id, rule_of(alert), memory)


def has_due(database: Database, now: datetime) -> bool:
    """Whether an alert is due. It needs no write lock, unlike `take`."""
    due = (
        select(AlertStanding.alert_id)
        .join(AlertStanding.alert)
        .where(Alert.enabled, AlertStanding.due_at <= now)
    )
    with database.read() as session:
        return session.scalar(due.limit(1)) is not None


def measure_all(
    database: Database, events: AnalyticsStore, taken: list[Taken], now: datetime
) -> list[Result]:
    """Measure the alerts; what is known of an environment is read once."""
    by_environment: defaultdict[str, list[Taken]] = defaultdict(list)
    for each in taken:
        by_environment[each.environment_id].append(each)
    with ExitStack() as stack:
        session = stack.enter_context(database.read())
        answers = stack.enter_context(events.answers(now))
        return [
            Result(each, *measure(sources, each.rule, each.api_id, each.memory))
            for environment_id, its in by_environment.items()
            for sources in [Sources(environment_id, answers, session, now)]
            for each in its
        ]


def write(database: Database, results: list[Result], now: datetime) -> list[tuple[str, Event]]:
    """Store the results and the notices that they cause; return the names of their alerts."""
    told = []
    with database.write() as session:
        names = _names(session)
        for result in results:
            event = _write(session, result, names, now)
            if event is not None:
                told.append(event)
    return told


def _names(session: Session) -> Mapping[str, str]:
    return {row[0]: row[1] for row in session.execute(select(Environment.id, Environment.name))}


def _write(
    session: Session, result: Result, names: Mapping[str, str], now: datetime
) -> tuple[str, Event] | None:
    row = session.get(AlertStanding, result.taken.alert_id)
    if row is None or not _still_counts(row, result.taken.rule, now):
        return None
    before = standing_of(row)
    standing, event = judge(result.taken.rule, result.measured, before, now)
    _store(row, standing)
    row.judged_at, row.detail, row.memory = now, result.measured.detail, result.memory
    if event is None:
        return None
    alert = row.alert
    # A notice of the recovery says since when the condition had held.
    since = standing.triggered_at or before.triggered_at
    shown = Standing(standing.word, standing.value, since)
    name, detail = names[alert.environment_id], result.measured.detail
    document = document_of(alert, name, event, shown, now, detail)
    outbox.add(session, alert, event, document, now)
    return alert.name, event


def _still_counts(row: AlertStanding, rule: Rule, now: datetime) -> bool:
    """Whether the alert is what was measured, and nobody has judged it later."""
    is_newest = row.judged_at is None or row.judged_at < now
    return is_newest and row.alert.enabled and rule_of(row.alert) == rule


def _store(row: AlertStanding, standing: Standing) -> None:
    row.word, row.value = standing.word, standing.value
    row.triggered_at, row.notified_at = standing.triggered_at, standing.notified_at
