"""Organizations, their environments, and the epochs of their contract feeds."""

import secrets

from sqlalchemy import ForeignKey, Integer
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.store.tables.base import Base


def new_epoch() -> str:
    """A name that no other epoch has."""
    return secrets.token_hex(8)


class Organization(Base):
    """An organization. It counts the changes to its contracts (`management.change_feed`)."""

    __tablename__ = "organizations"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    feed_epoch: Mapped[str] = mapped_column(default=new_epoch)
    last_change: Mapped[int] = mapped_column(default=0)


class EndedFeedEpoch(Base):
    """An earlier epoch of an organization's contract feed, with the last change made in it."""

    __tablename__ = "ended_feed_epochs"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    epoch: Mapped[str] = mapped_column(unique=True)
    last_change: Mapped[int]


class Environment(Base):
    """An environment of an organization, such as Production."""

    __tablename__ = "environments"

    id: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    type: Mapped[str] = mapped_column(server_default="sandbox")
    """`production`, `sandbox` or `design`."""
