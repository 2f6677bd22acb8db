"""Discovered services: hosts and routes whose requests belong to no API instance.

Adapters report how often they saw each one since their start. All adapters of an environment fill
one table. When something was seen is known to a report, by our clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from control_plane.errors import NotFound
from control_plane.fleet import losses
from control_plane.fleet.report import Sighting
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, DiscoveredService

MAX_SERVICES: Final = 2_000
"""In an environment. Clients may invent host names, so the table is bounded."""

_Key: TypeAlias = tuple[str, str]


class Standing(StrEnum):
    """What was decided about a service."""

    UNMANAGED = "unmanaged"
    """Nothing yet."""
    MANAGED = "managed"
    """An API instance was made for it."""
    IGNORED = "ignored"


def _condition(standing: Standing) -> ColumnElement[bool]:
    ignored = DiscoveredService.ignored_at.is_not(None)
    managed = DiscoveredService.api_id.is_not(None)
    match standing:
        case Standing.MANAGED:
            return managed
        case Standing.IGNORED:
            return and_(ignored, ~managed)
    return and_(~ignored, ~managed)


def of_environment(environment_id: str, standing: Standing) -> Select[DiscoveredService]:
    """The services of an environment about which this was decided."""
    query = select(DiscoveredService).where(DiscoveredService.environment_id == environment_id)
    return query.where(_condition(standing))


def get(session: Session, environment_id: str, service_id: int) -> DiscoveredService:
    """The service; raise NotFound if the environment has none with this id."""
    service = session.get(DiscoveredService, service_id)
    if service is None or service.environment_id != environment_id:
        raise NotFound(f"discovered service {service_id} not found")
    return service


def count(
    session: Session,
    environment_id: str,
    seen: Sequence[Sighting],
    counted: Mapping[_Key, int],
    now: datetime,
) -> None:
    """Add the requests that an adapter saw and that are not `counted` yet."""
    news = {
        key: more
        for sighting in seen
        if (more := sighting.requests - counted.get(key := (sighting.host, sighting.route), 0)) > 0
    }
    known = _known(session, environment_id, news)
    for key, service in known.items():
        service.requests += news[key]
        service.last_seen_at = now
    new = [key for key in news if key not in known]
    for host, route in _with_room(session, environment_id, new):
        session.add(
            DiscoveredService(
                environment_id=environment_id,
                host=host,
                route=route,
                requests=news[host, route],
                first_seen_at=now,
                last_seen_at=now,
            )
        )


def _known(
    session: Session, environment_id: str, keys: Iterable[_Key]
) -> dict[_Key, DiscoveredService]:
    wanted = set(keys)
    if not wanted:
        return {}
    query = select(DiscoveredService).where(
        DiscoveredService.environment_id == environment_id,
        DiscoveredService.host.in_({host for host, _ in wanted}),
    )
    found = {(row.host, row.route): row for row in session.scalars(query)}
    return {key: row for key, row in found.items() if key in wanted}


def _with_room(session: Session, environment_id: str, new: list[_Key]) -> list[_Key]:
    """Those of the new ones that fit in, after the ones not seen for longest have made room."""
    if not new:
        return []
    total = select(func.count()).where(DiscoveredService.environment_id == environment_id)
    free = MAX_SERVICES - (session.scalar(total) or 0)
    oldest: Sequence[DiscoveredService] = ()
    if len(new) > free:
        query = of_environment(environment_id, Standing.UNMANAGED)
        query = query.order_by(DiscoveredService.last_seen_at).limit(len(new) - free)
        oldest = session.scalars(query).all()
        for service in oldest:
            session.delete(service)
        session.flush()
    kept = new[: free + len(oldest)]
    losses.add(session, environment_id, services=len(oldest) + len(new) - len(kept))
    return kept


def ignore(transaction: Transaction, service: DiscoveredService, note: str | None) -> None:
    """Leave a service alone, and say why."""
    with audit_log.recorded_change(transaction, service, "ignore"):
        service.ignored_at = transaction.now
        service.note = note


def stop_ignoring(transaction: Transaction, service: DiscoveredService) -> None:
    """Show a service among those that wait for a decision again."""
    with audit_log.recorded_change(transaction, service, "stop_ignoring"):
        service.ignored_at = service.note = None


def assign(transaction: Transaction, service: DiscoveredService, api: ApiInstance) -> None:
    """Note the API instance that was made for a service."""
    with audit_log.recorded_change(transaction, service, "manage"):
        service.api_id = api.id
        service.ignored_at = service.note = None


def suggested_name(host: str) -> str:
    """A name for the API of a host: `orders` for `orders.shop.example:8443`."""
    name = host.rpartition("@")[2].lstrip("[").partition(":")[0].partition(".")[0].lower()
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in name)
    return kept.strip("-") if not kept.isdigit() else ""
