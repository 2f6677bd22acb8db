"""Logins and their access tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from control_plane.store.tables.base import Base


class Login(Base):
    """Who may get a token: a user by name and password, a gateway by client id and secret."""

    __tablename__ = "logins"

    name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    environment_id: Mapped[str | None] = mapped_column(ForeignKey("environments.id"))
    secret_hash: Mapped[str]


class AccessToken(Base):
    """A bearer token, known by its hash only."""

    __tablename__ = "access_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    login_name: Mapped[str] = mapped_column(
        ForeignKey("logins.name", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)
