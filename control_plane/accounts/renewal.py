"""Replaces lost or leaked credentials, and adds credentials for more gateways."""

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from control_plane.accounts.callers import Role
from control_plane.accounts.credentials import Publish, new_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import ControlPlaneError
from control_plane.store.database import Database
from control_plane.store.tables import AccessToken, Environment, Login


def reset(
    database: Database,
    hasher: LoginHasher,
    publish: Publish,
    roles: Iterable[Role] = tuple(Role),
) -> None:
    """Replace the credentials of these roles. The old ones and their tokens end at once."""
    roles = tuple(roles)
    with database.write() as session:
        environment = _environment(session)
        old = select(Login.name).where(Login.role.in_(roles))
        session.execute(delete(AccessToken).where(AccessToken.login_name.in_(old)))
        session.execute(delete(Login).where(Login.role.in_(roles)))
        credentials = new_credentials(environment.organization_id, environment.id, roles)
        session.add_all(credentials.logins(hasher))
        publish(credentials)


def add_gateway(database: Database, hasher: LoginHasher, publish: Publish) -> None:
    """Make credentials for one more gateway. The existing ones keep working."""
    with database.write() as session:
        environment = _environment(session)
        credentials = new_credentials(environment.organization_id, environment.id, [Role.GATEWAY])
        session.add_all(credentials.logins(hasher))
        publish(credentials)


def _environment(session: Session) -> Environment:
    environment = session.scalars(select(Environment)).first()
    if environment is None:
        raise ControlPlaneError(
            "this database has no credentials yet: the first `serve` makes them"
        )
    return environment
