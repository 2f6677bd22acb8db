"""Replaces lost or leaked credentials, and adds credentials for more gateways."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.credentials import ADMIN_NAME, Holder, Publish, new_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import ControlPlaneError
from control_plane.store.database import Database
from control_plane.store.tables import Environment, GatewayLogin, User


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


def add_gateway(
    database: Database,
    hasher: LoginHasher,
    publish: Publish,
    now: datetime,
    environment_name: str | None = None,
) -> None:
    """Make credentials for one more gateway. The existing ones keep working.

    Raise ControlPlaneError unless the name fits one environment; None fits the only one.
    """
    with database.write() as session:
        environment = _named(session, environment_name)
        credentials = new_credentials(environment.organization_id, environment.id, [Holder.GATEWAY])
        session.add_all(credentials.rows(hasher, now))
        publish(credentials)


def _environment(session: Session) -> Environment:
    """The first environment by name, which the credentials file names."""
    return _all(session)[0]


def _named(session: Session, name: str | None) -> Environment:
    known = _all(session)
    fitting = [each for each in known if name is None or each.name.lower() == name.lower()]
    if len(fitting) != 1:
        names = ", ".join(each.name for each in known)
        raise ControlPlaneError(f"name one environment with --environment: {names}")
    return fitting[0]


def _all(session: Session) -> Sequence[Environment]:
    found = session.scalars(select(Environment).order_by(Environment.name)).all()
    if not found:
        raise ControlPlaneError(
            "this database has no credentials yet: the first `serve` makes them"
        )
    return found
