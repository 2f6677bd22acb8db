"""Takes reports: keeps the latest of each adapter, in a limited room."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from control_plane.clock import from_epoch_ms
from control_plane.errors import Conflict
from control_plane.fleet import losses, services, standing
from control_plane.fleet.report import Report
from control_plane.store.tables import Adapter

MAX_ADAPTERS: Final = 1_000
"""In an environment."""
FORGOTTEN_AFTER: Final = timedelta(days=7)
"""Adapters that are silent for longer are forgotten."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who reports: the environment and login of the token, and what the adapter calls itself."""

    environment_id: str
    login: str
    instance_id: str
    address: str | None


def receive(session: Session, sender: Sender, report: Report, now: datetime) -> None:
    """Keep the report in place of the adapter's last one, and count the services in it.

    A report under the id of a newer process is not kept, and noted. Raise Conflict if there is no
    room for one more adapter.
    """
    adapter = find(session, sender.environment_id, sender.instance_id)
    started_at = from_epoch_ms(report.started_at)
    if adapter is not None and _is_of_older_process(adapter, started_at, now):
        adapter.shared_at = now
        return
    counted = _counted(adapter, started_at)
    services.count(session, sender.environment_id, report.services, counted, now)
    if adapter is None:
        _make_room(session, sender.environment_id, now)
        adapter = Adapter(
            environment_id=sender.environment_id,
            instance_id=sender.instance_id,
            first_reported_at=now,
        )
    _replace(adapter, sender, report, now)
    session.add(adapter)


def _is_of_older_process(adapter: Adapter, started_at: datetime, now: datetime) -> bool:
    """Whether a newer process reports under the same id, and so both are running.

    After a restart only the newer one reports.
    """
    return started_at < adapter.started_at and not standing.silent(adapter, now)


def _counted(adapter: Adapter | None, started_at: datetime) -> dict[tuple[str, str], int]:
    """The requests to services that earlier reports of this process brought."""
    if adapter is None or started_at != adapter.started_at:
        return {}
    return {(seen["host"], seen["route"]): seen["requests"] for seen in adapter.sightings}


def find(session: Session, environment_id: str, instance_id: str) -> Adapter | None:
    """The adapter with this name."""
    query = select(Adapter).where(
        Adapter.environment_id == environment_id, Adapter.instance_id == instance_id
    )
    return session.scalars(query).one_or_none()


def _replace(adapter: Adapter, sender: Sender, report: Report, now: datetime) -> None:
    values: dict[str, Any] = {
        "login": sender.login,
        "address": sender.address,
        "version": report.version,
        "build": report.build,
        "started_at": from_epoch_ms(report.started_at),
        "reported_at": now,
        "interval_ms": report.interval_ms,
        "snapshot": report.snapshot,
        "serving": report.serving,
        "whole_environment": report.whole_environment,
        "automated": report.automated,
        "instances": report.instances,
        "floor": report.floor,
        "apis": len(report.apis) + report.apis_left_out,
        "closed_apis": sum(bool(api.faults) for api in report.apis),
        "unconfirmed_apis": sum(not api.confirmed for api in report.apis),
        "details": _details(report),
        "sightings": [seen.model_dump() for seen in report.services],
    }
    for name, value in values.items():
        setattr(adapter, name, value)


def _details(report: Report) -> dict[str, Any]:
    """What pages show and nobody searches for."""
    kept = {"alarms", "events", "quotas", "requests_left_out", "apis_left_out"}
    apis = {
        str(int(api.id)): api.model_dump(exclude={"id"}, exclude_defaults=True)
        for api in report.apis
    }
    return report.model_dump(include=kept) | {"apis": apis}


def _make_room(session: Session, environment_id: str, now: datetime) -> None:
    """Forget adapters that were silent for days and, if there are too many, the oldest silent."""
    query = select(Adapter).where(Adapter.environment_id == environment_id)
    old = query.where(Adapter.reported_at < now - FORGOTTEN_AFTER)
    forgotten = list(session.scalars(old))
    count = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    excess = count - len(forgotten) - MAX_ADAPTERS + 1
    if excess > 0:
        oldest = query.where(Adapter.reported_at >= now - FORGOTTEN_AFTER)
        oldest = oldest.order_by(Adapter.reported_at).limit(excess)
        silent = [row for row in session.scalars(oldest) if standing.silent(row, now)]
        if len(silent) < excess:
            raise Conflict(
                f"the environment has {MAX_ADAPTERS} adapters that report; an adapter that"
                " changes its reports.instance_id counts as another one"
            )
        forgotten += silent
    for row in forgotten:
        session.delete(row)
    losses.add(session, environment_id, adapters=len(forgotten))
