"""The first start: an organization, an environment, an owner and the gateway's credentials."""

import uuid
from datetime import datetime

from sqlalchemy import select

from control_plane.accounts.credentials import Publish, new_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.store.database import Database
from control_plane.store.tables import Environment, Organization


def set_up(database: Database, hasher: LoginHasher, publish: Publish, now: datetime) -> bool:
    """Fill an empty database, and call `publish` with its credentials; else do nothing.

    Return whether the database was empty. `publish` runs before the commit.
    """
    with database.write() as session:
        if session.scalars(select(Organization.id)).first() is not None:
            return False
        credentials = new_credentials(str(uuid.uuid4()), str(uuid.uuid4()))
        organization_id, environment_id = credentials.organization_id, credentials.environment_id
        session.add(Organization(id=organization_id, name="Organization"))
        session.flush()
        session.add(
            Environment(
                id=environment_id,
                organization_id=organization_id,
                name="Production",
                type="production",
            )
        )
        session.flush()
        session.add_all(credentials.rows(hasher, now))
        publish(credentials)
        return True
