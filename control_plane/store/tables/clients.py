"""Programs that may call: gateways and connected apps, and the tokens of both."""

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.store.tables.base import Base


class GatewayLogin(Base):
    """A gateway's client id and secret. An environment may have several."""

    __tablename__ = "logins"

    name: Mapped[str] = mapped_column(primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str] = mapped_column(ForeignKey("environments.id"))
    secret_hash: Mapped[str]
    created_at: Mapped[datetime | None]
    """None if it was made before this was noted."""
    used_at: Mapped[datetime | None]
    """When it last got a token."""


class ConnectedApp(Base):
    """A program with roles like a user's, and its client id and secret."""

    __tablename__ = "connected_apps"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_hash: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    """When it last got a token."""
    expires_at: Mapped[datetime | None]
    """When the secret ends, and every token with it."""
    grants: Mapped[list["ConnectedAppGrant"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )


class ConnectedAppGrant(Base):
    """A connected app's role in one environment, or in all of them if it names none."""

    __tablename__ = "connected_app_grants"
    __table_args__ = (
        UniqueConstraint("app_id", "environment_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    app_id: Mapped[int] = mapped_column(ForeignKey("connected_apps.id", ondelete="CASCADE"))
    environment_id: Mapped[str | None] = mapped_column(ForeignKey("environments.id"))
    role: Mapped[str]


class AccessToken(Base):
    """A bearer token of a gateway or of a connected app, known by its hash only."""

    __tablename__ = "access_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_name: Mapped[str | None] = mapped_column(
        ForeignKey("logins.name", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)
    app_id: Mapped[int | None] = mapped_column(
        ForeignKey("connected_apps.id", ondelete="CASCADE", name="access_tokens_of_apps"),
        index=True,
    )
    gateway: Mapped[GatewayLogin | None] = relationship(lazy="joined")
    app: Mapped[ConnectedApp | None] = relationship(lazy="joined")
