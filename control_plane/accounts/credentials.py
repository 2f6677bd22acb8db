"""Credentials: made here, shown to the operator once, stored as hashes."""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field

from control_plane.accounts.callers import Role
from control_plane.accounts.hashing import LoginHasher
from control_plane.store.tables import Login


@dataclass(frozen=True, slots=True)
class Credentials:
    """New credentials of the admin, of a gateway, or of both. A member that is not new is empty.

    The secrets are stored hashed and can't be read again.
    """

    organization_id: str
    environment_id: str
    admin_username: str = ""
    admin_password: str = field(default="", repr=False)
    gateway_client_id: str = ""
    gateway_client_secret: str = field(default="", repr=False)

    def as_json(self, base_url: str | None) -> str:
        """The text of a credentials file."""
        known = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({**known, "base_url": base_url}, indent=2) + "\n"

    def logins(self, hasher: LoginHasher) -> list[Login]:
        """The rows to store."""
        admin = Login(
            name=self.admin_username,
            role=Role.ADMIN,
            organization_id=self.organization_id,
            environment_id=None,
            secret_hash=hasher.hash(self.admin_password),
        )
        gateway = Login(
            name=self.gateway_client_id,
            role=Role.GATEWAY,
            organization_id=self.organization_id,
            environment_id=self.environment_id,
            secret_hash=hasher.hash(self.gateway_client_secret),
        )
        return [login for login in (admin, gateway) if login.name]


Publish = Callable[[Credentials], None]
"""Shows new credentials to the operator. If it fails, nothing is stored."""


def new_credentials(
    organization_id: str, environment_id: str, roles: Iterable[Role] = tuple(Role)
) -> Credentials:
    """Random credentials for these roles."""
    members: dict[str, str] = {}
    if Role.ADMIN in (wanted := set(roles)):
        members |= {"admin_username": "admin", "admin_password": secrets.token_urlsafe(18)}
    if Role.GATEWAY in wanted:
        members |= {
            "gateway_client_id": secrets.token_hex(16),
            "gateway_client_secret": secrets.token_urlsafe(32),
        }
    return Credentials(organization_id, environment_id, **members)
