"""Counts what an environment had no room for."""

from sqlalchemy.orm import Session

from control_plane.store.tables import FleetLosses


def of_environment(session: Session, environment_id: str) -> FleetLosses:
    """How many adapters and services were forgotten without anybody asking for it."""
    found = session.get(FleetLosses, environment_id)
    return found or FleetLosses(environment_id=environment_id, adapters=0, services=0)


def add(session: Session, environment_id: str, *, adapters: int = 0, services: int = 0) -> None:
    """Count more of them."""
    if adapters or services:
        losses = of_environment(session, environment_id)
        losses.adapters += adapters
        losses.services += services
        session.add(losses)
