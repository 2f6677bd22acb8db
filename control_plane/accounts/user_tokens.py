"""Tokens of users: browser sessions, logins of the JSON API, and personal tokens of scripts.

A token is a long random text that is given out once. Only its hash is stored, so a copy of the
database lets nobody in.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.hashing import token_hash
from control_plane.store.tables import User, UserToken

PERSONAL_PREFIX: Final = "pcp_"
"""How personal tokens begin, so that scanners for leaked secrets recognise them."""

USED_GRAIN: Final = timedelta(minutes=1)
"""How exactly the time of the last use is known. A use is written down at most this often."""

_MAX_AGENT = 300


class Kind(StrEnum):
    """What a token is for."""

    SESSION = "session"
    ACCESS = "access"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long tokens are valid."""

    access: timedelta = timedelta(hours=1)
    session: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=2)
    """A session ends when it was not used for this long."""


def issue(
    session: Session,
    user_id: int,
    kind: Kind,
    now: datetime,
    lifetime: timedelta,
    *,
    name: str | None = None,
    address: str | None = None,
    agent: str | None = None,
) -> tuple[UserToken, str]:
    """A new token's row, and the token itself, which can't be read again."""
    prefix = PERSONAL_PREFIX if kind is Kind.PERSONAL else ""
    token = prefix + secrets.token_urlsafe(32)
    row = UserToken(
        user_id=user_id,
        kind=kind,
        token_hash=token_hash(token),
        name=name,
        address=address,
        agent=agent and agent[:_MAX_AGENT],
        created_at=now,
        used_at=now,
        expires_at=now + lifetime,
    )
    session.add(row)
    return row, token


def find(
    session: Session, token: str, kinds: Sequence[Kind], now: datetime, idle: timedelta
) -> UserToken | None:
    """The row of a valid token of these kinds, whose user may log in."""
    query = (
        select(UserToken)
        .join(UserToken.user)
        .where(
            UserToken.token_hash == token_hash(token),
            UserToken.kind.in_(kinds),
            User.enabled,
            *_valid(now, idle),
        )
    )
    return session.scalars(query).one_or_none()


def of_user(
    session: Session, user_id: int, kind: Kind, now: datetime, idle: timedelta
) -> Sequence[UserToken]:
    """The user's valid tokens of this kind, the most recently used first."""
    query = select(UserToken).where(
        UserToken.user_id == user_id, UserToken.kind == kind, *_valid(now, idle)
    )
    return session.scalars(query.order_by(UserToken.used_at.desc(), UserToken.id.desc())).all()


def _valid(now: datetime, idle: timedelta) -> list[ColumnElement[bool]]:
    in_use = (UserToken.kind != Kind.SESSION) | (UserToken.used_at > now - idle)
    return [UserToken.expires_at > now, in_use]


def make_room(session: Session, user_id: int, kind: Kind, now: datetime, most: int) -> None:
    """Delete tokens that have ended, and the user's oldest ones beyond `most` less one."""
    session.execute(delete(UserToken).where(UserToken.expires_at <= now))
    newest = (
        select(UserToken.id)
        .where(UserToken.user_id == user_id, UserToken.kind == kind)
        .order_by(UserToken.created_at.desc(), UserToken.id.desc())
        .limit(most - 1)
    )
    session.execute(
        delete(UserToken).where(
            UserToken.user_id == user_id, UserToken.kind == kind, UserToken.id.not_in(newest)
        )
    )
