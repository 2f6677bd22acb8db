"""Personal tokens for scripts, and the sessions that a user can see and end."""

from datetime import timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from control_plane.accounts.user_tokens import Kind, issue
from control_plane.errors import Conflict, NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import UserToken

MAX_PERSONAL: Final = 50
"""Personal tokens of a user that are valid at the same time."""


class WithSecret(NamedTuple):
    """A new token's row, and the token itself, which is shown once."""

    row: UserToken
    token: str


def create_personal(
    transaction: Transaction, user_id: int, name: str, lifetime: timedelta
) -> WithSecret:
    """Make a token with the user's roles."""
    valid = select(func.count()).where(
        UserToken.user_id == user_id,
        UserToken.kind == Kind.PERSONAL,
        UserToken.expires_at > transaction.now,
    )
    if (transaction.session.scalar(valid) or 0) >= MAX_PERSONAL:
        raise Conflict(f"you have {MAX_PERSONAL} tokens already; revoke one first")
    row, token = issue(
        transaction.session,
        user_id,
        Kind.PERSONAL,
        transaction.now,
        lifetime,
        name=name,
        address=transaction.actor.address,
    )
    audit_log.record_creation(transaction, row)
    return WithSecret(row, token)


def get(session: Session, user_id: int, kind: Kind, token_id: int) -> UserToken:
    """The user's token of this kind; raise NotFound if there is none with this id."""
    row = session.get(UserToken, token_id)
    if row is None or row.user_id != user_id or row.kind != kind:
        raise NotFound(f"{kind} {token_id} not found; it may have ended")
    return row


def revoke(transaction: Transaction, row: UserToken) -> None:
    """End a token or a session at once."""
    audit_log.record_deletion(transaction, row)
    transaction.session.delete(row)


def end_other_sessions(transaction: Transaction, user_id: int, but: int) -> int:
    """End all sessions of a user except one; how many those were."""
    others = delete(UserToken).where(
        UserToken.user_id == user_id, UserToken.kind == Kind.SESSION, UserToken.id != but
    )
    return transaction.session.execute(others).rowcount  # type: ignore[attr-defined, no-any-return]
