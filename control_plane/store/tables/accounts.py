"""Who may call: users with their roles and tokens."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from control_plane.store.tables.base import Base


class User(Base):
    """A person. Without a password, the person logs in through the identity provider."""

    __tablename__ = "users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organizations.id"))
    name: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None]
    password_hash: Mapped[str | None]
    subject: Mapped[str | None] = mapped_column(unique=True)
    """Issuer and subject of the identity provider, if the user has logged in through one."""
    enabled: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime | None]
    grants: Mapped[list["RoleGrant"]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", passive_deletes=True
    )


class RoleGrant(Base):
    """A user's role in one environment, or in all of them if it names none."""

    __tablename__ = "role_grants"
    __table_args__ = (
        UniqueConstraint("user_id", "environment_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    environment_id: Mapped[str | None] = mapped_column(ForeignKey("environments.id"))
    role: Mapped[str]


class UserToken(Base):
    """A secret that stands for a user, known by its hash only.

    `kind` is `session` (a browser's cookie), `access` (from the login of the JSON API), or
    `personal` (made for a script, with a name).
    """

    __tablename__ = "user_tokens"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    name: Mapped[str | None]
    address: Mapped[str | None]
    """From where it was made."""
    agent: Mapped[str | None]
    """The browser that it was made with."""
    created_at: Mapped[datetime]
    used_at: Mapped[datetime]
    """The last use, known to a minute."""
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user: Mapped[User] = relationship(lazy="joined")


class LoginAttempt(Base):
    """A password that was wrong or is being checked, by a number for the user or the address."""

    __tablename__ = "login_attempts"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    key: Mapped[int] = mapped_column(BigInteger, index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    is_wrong: Mapped[bool]
