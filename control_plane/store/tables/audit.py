"""The audit log: who changed what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.store.tables.base import Base


class AuditEntry(Base):
    """One change: who made it, to what, and the values before and after, without secrets.

    Entries outlive what they tell about, so `object_id` and `api_id` refer to no table.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("audit_entries_by_time", "organization_id", "at"),
        Index("audit_entries_by_actor", "organization_id", "actor", "at"),
        Index("audit_entries_by_object", "kind", "object_id"),
        Index("audit_entries_by_api", "api_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    at: Mapped[datetime]
    actor: Mapped[str]
    role: Mapped[str]
    address: Mapped[str | None]
    kind: Mapped[str]
    object_id: Mapped[int]
    api_id: Mapped[int | None]
    action: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
