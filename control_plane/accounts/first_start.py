"""The first start: an organization, an environment, an admin and the gateway's credentials."""

import json
import secrets
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sqlalchemy import delete, select

from control_plane.accounts.callers import Role
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import ControlPlaneError
from control_plane.store.database import Database
from control_plane.store.private_file import new_private_file
from control_plane.store.tables import AccessToken, Environment, Login, Organization


@dataclass(frozen=True, slots=True)
class Credentials:
    """Shown to the operator once. The secrets are stored hashed and can't be read again."""

    organization_id: str
    environment_id: str
    admin_username: str
    admin_password: str = field(repr=False)
    gateway_client_id: str
    gateway_client_secret: str = field(repr=False)

    def write(self, path: Path, base_url: str | None) -> None:
        """Write them as JSON to a new file that only its owner can read."""
        text = json.dumps({**asdict(self), "base_url": base_url}, indent=2) + "\n"
        with new_private_file(path) as draft:
            draft.write_text(text)


Publish = Callable[[Credentials], None]


def set_up(database: Database, hasher: LoginHasher, publish: Publish) -> None:
    """Fill an empty database, and call `publish` with its credentials; else do nothing.

    `publish` runs before the commit. If it fails, nothing is stored.
    """
    with database.write() as session:
        if session.scalars(select(Organization.id)).first() is not None:
            return
        credentials = _new_credentials(str(uuid.uuid4()), str(uuid.uuid4()))
        organization_id, environment_id = credentials.organization_id, credentials.environment_id
        session.add(Organization(id=organization_id, name="Organization"))
        session.flush()
        session.add(
            Environment(id=environment_id, organization_id=organization_id, name="Production")
        )
        session.flush()
        session.add_all(_logins(credentials, hasher))
        publish(credentials)


def reset(database: Database, hasher: LoginHasher, publish: Publish) -> None:
    """Replace the admin's and the gateway's credentials; every token ends at once."""
    with database.write() as session:
        environment = session.scalars(select(Environment)).first()
        if environment is None:
            raise ControlPlaneError("nothing to reset: this database was never served")
        session.execute(delete(AccessToken))
        session.execute(delete(Login))
        credentials = _new_credentials(environment.organization_id, environment.id)
        session.add_all(_logins(credentials, hasher))
        publish(credentials)


def _new_credentials(organization_id: str, environment_id: str) -> Credentials:
    return Credentials(
        organization_id=organization_id,
        environment_id=environment_id,
        admin_username="admin",
        admin_password=secrets.token_urlsafe(18),
        gateway_client_id=secrets.token_hex(16),
        gateway_client_secret=secrets.token_urlsafe(32),
    )


def _logins(credentials: Credentials, hasher: LoginHasher) -> list[Login]:
    return [
        Login(
            name=credentials.admin_username,
            role=Role.ADMIN,
            organization_id=credentials.organization_id,
            environment_id=None,
            secret_hash=hasher.hash(credentials.admin_password),
        ),
        Login(
            name=credentials.gateway_client_id,
            role=Role.GATEWAY,
            organization_id=credentials.organization_id,
            environment_id=credentials.environment_id,
            secret_hash=hasher.hash(credentials.gateway_client_secret),
        ),
    ]
