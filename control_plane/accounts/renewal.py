"""Replaces lost or leaked credentials."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.credentials import ADMIN_NAME, Holder, Publish, new_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import ControlPlaneError
from control_plane.store.database import Database
from control_plane.store.tables import Environment, GatewayLogin, User

NO_CREDENTIALS: Final = "this database has no credentials yet: the first `serve` makes them"


def reset(
    database: Database,
    hasher: LoginHasher,
    publish: Publish,
    now: datetime,
    holders: Iterable[Holder] = tuple(Holder),
) -> None:
    """Replace the credentials of these holders. The old ones and their tokens end at once.

    The admin is the first user. Other users keep their passwords.
    """
    holders = tuple(holders)
    with database.write() as session:
        environment = _environment(session)
        credentials = new_credentials(environment.organization_id, environment.id, holders)
        # The database deletes their tokens along with them.
        if Holder.ADMIN in holders:
            session.execute(delete(User).where(User.name == ADMIN_NAME))
        if Holder.GATEWAY in holders:
            session.execute(delete(GatewayLogin))
        session.add_all(credentials.rows(hasher, now))
        publish(credentials)


def _environment(session: Session) -> Environment:
    """The first environment by name, which the credentials file names."""
    found = session.scalars(select(Environment).order_by(Environment.name)).first()
    if found is None:
        raise ControlPlaneError(NO_CREDENTIALS)
    return found
