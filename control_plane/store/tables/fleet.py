"""What adapters report: themselves, and the services that they discovered."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.store.tables.base import Base


class Adapter(Base):
    """An adapter process, with its latest report. Times are by our clock unless they say more."""

    __tablename__ = "adapters"
    __table_args__ = (
        UniqueConstraint("environment_id", "instance_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    instance_id: Mapped[str]
    """What the adapter calls itself."""
    login: Mapped[str]
    """The client id that it logged in with."""
    address: Mapped[str | None]
    """From where its last report came."""
    version: Mapped[str]
    build: Mapped[str]
    started_at: Mapped[datetime]
    """By the adapter's own clock."""
    first_reported_at: Mapped[datetime]
    reported_at: Mapped[datetime]
    interval_ms: Mapped[int] = mapped_column(BigInteger)
    """The longest time until its next report."""
    snapshot: Mapped[int] = mapped_column(BigInteger)
    serving: Mapped[bool]
    whole_environment: Mapped[bool]
    """Whether it enforces all API instances of the environment, and not a list of them."""
    automated: Mapped[int | None] = mapped_column(BigInteger)
    instances: Mapped[int | None] = mapped_column(BigInteger)
    floor: Mapped[int] = mapped_column(BigInteger)
    """All changes up to this revision are in force, of every API."""
    apis: Mapped[int]
    closed_apis: Mapped[int]
    unconfirmed_apis: Mapped[int]
    """API instances that it has not got from the platform since its start."""
    shared_at: Mapped[datetime | None]
    """When another process last tried to report under the same instance id."""
    details: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    """The rest of the report. Its `apis` are by id."""
    sightings: Mapped[list[dict[str, Any]]] = mapped_column(deferred=True)
    """The requests without an API that it has counted since its start."""


class DiscoveredService(Base):
    """A host and a route of Envoy that got requests which belong to no API."""

    __tablename__ = "discovered_services"
    __table_args__ = (
        UniqueConstraint("environment_id", "host", "route"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    host: Mapped[str]
    route: Mapped[str]
    """The name of Envoy's route; may be empty."""
    requests: Mapped[int] = mapped_column(BigInteger)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ignored_at: Mapped[datetime | None]
    note: Mapped[str | None]
    """Why it is ignored."""
    api_id: Mapped[int | None] = mapped_column(
        ForeignKey("api_instances.id", ondelete="SET NULL"), index=True
    )
    """The API instance that was made for it."""


class FleetLosses(Base):
    """What an environment had no room for."""

    __tablename__ = "fleet_losses"

    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), primary_key=True)
    adapters: Mapped[int] = mapped_column(default=0)
    services: Mapped[int] = mapped_column(default=0)
