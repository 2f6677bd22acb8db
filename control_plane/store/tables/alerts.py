"""Alerts: what somebody wants to hear of, how it stands, and the notices about it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.store.tables.apis import ApiInstance
from control_plane.store.tables.base import Base


class Alert(Base):
    """A condition that is watched, and who is told when it holds."""

    __tablename__ = "alerts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    """Its id in the official protocol."""
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"), index=True)
    api_id: Mapped[int | None] = mapped_column(
        ForeignKey("api_instances.id", ondelete="CASCADE"), index=True
    )
    """The API instance that it is about; None for the whole environment."""
    name: Mapped[str]
    enabled: Mapped[bool]
    severity: Mapped[str]
    kind: Mapped[str]
    operator: Mapped[str]
    threshold: Mapped[float]
    percent: Mapped[int]
    """Which percentile of the response time."""
    period_count: Mapped[int]
    period_unit: Mapped[str]
    periods: Mapped[int]
    """In how many periods in a row the condition has to hold."""
    minimum: Mapped[int]
    """With fewer requests in a period, a rate or a percentile is not judged."""
    repeat_minutes: Mapped[int]
    """How often the notice is repeated while the condition holds; 0 for never."""
    recipients: Mapped[list[dict[str, Any]]]
    """Users and mail addresses."""
    webhook_origin: Mapped[str | None]
    """Scheme and host of the webhook. Its whole URL may contain a secret."""
    webhook_secret: Mapped[str | None]
    """The URL and the signing secret, sealed."""
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    api: Mapped[ApiInstance | None] = relationship(lazy="joined")


class AlertStanding(Base):
    """How an alert stands. It has a table of its own, so that it is no change of the alert."""

    __tablename__ = "alert_standings"

    alert_id: Mapped[int] = mapped_column(
        ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True
    )
    due_at: Mapped[datetime] = mapped_column(index=True)
    """When it is judged again. Who judges it moves this first, so that nobody else does."""
    judged_at: Mapped[datetime | None]
    word: Mapped[str]
    value: Mapped[float | None]
    detail: Mapped[str]
    """What explains the value, such as the names of adapters."""
    triggered_at: Mapped[datetime | None]
    notified_at: Mapped[datetime | None]
    memory: Mapped[dict[str, Any]]
    """What the measurement has to remember until the next time (`alerts.losses`)."""
    sent: Mapped[int]
    failed: Mapped[int]
    """Notices that were given up."""
    alert: Mapped[Alert] = relationship(lazy="joined")


class AlertNotice(Base):
    """What people were told about an alert."""

    __tablename__ = "alert_notices"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    event: Mapped[str]
    document: Mapped[dict[str, Any]]
    deliveries: Mapped[list["AlertDelivery"]] = relationship(
        lazy="selectin",
        cascade="all, delete-orphan",
        passive_deletes=True,
        order_by="AlertDelivery.id",
    )


class AlertDelivery(Base):
    """A notice on its way to one recipient."""

    __tablename__ = "alert_deliveries"
    __table_args__ = (
        Index("alert_deliveries_by_time", "outcome", "due_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    notice_id: Mapped[int] = mapped_column(
        ForeignKey("alert_notices.id", ondelete="CASCADE"), index=True
    )
    channel: Mapped[str]
    target: Mapped[str]
    outcome: Mapped[str]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    """When it is tried again. Who tries it moves this first, so that nobody else does."""
    error: Mapped[str]
    """Why the last attempt failed."""
