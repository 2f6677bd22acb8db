"""Credentials: made here, shown to the operator once, stored as hashes."""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from control_plane.accounts.hashing import LoginHasher
from control_plane.accounts.roles import Role
from control_plane.store.tables import Base, GatewayLogin, RoleGrant, User

ADMIN_NAME: Final = "admin"
"""The first user, who owns the organization."""


class Holder(StrEnum):
    """Whom credentials are for."""

    ADMIN = "admin"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Credentials:
    """New credentials of the admin, of a gateway or of a connected app.

    A member that is not new is empty. The secrets are stored hashed and can't be read again.
    """

    organization_id: str
    environment_id: str = ""
    admin_username: str = ""
    admin_password: str = field(default="", repr=False)
    gateway_client_id: str = ""
    gateway_client_secret: str = field(default="", repr=False)
    client_id: str = ""
    """Of a connected app."""
    client_secret: str = field(default="", repr=False)

    def as_json(self, base_url: str | None) -> str:
        """The text of a credentials file."""
        known = {name: value for name, value in asdict(self).items() if value}
        return json.dumps({**known, "base_url": base_url}, indent=2) + "\n"

    def rows(self, hasher: LoginHasher, now: datetime) -> list[Base]:
        """The rows to store: an owner, a gateway, or both."""
        admin = User(
            organization_id=self.organization_id,
            name=self.admin_username,
            password_hash=hasher.hash(self.admin_password),
            enabled=True,
            created_at=now,
            grants=[RoleGrant(role=Role.OWNER)],
        )
        gateway = GatewayLogin(
            name=self.gateway_client_id,
            organization_id=self.organization_id,
            environment_id=self.environment_id,
            secret_hash=hasher.hash(self.gateway_client_secret),
            created_at=now,
        )
        return [row for row in (admin, gateway) if row.name]


Publish = Callable[[Credentials], None]
"""Shows new credentials to the operator. If it fails, nothing is stored."""


def new_credentials(
    organization_id: str, environment_id: str, holders: Iterable[Holder] = tuple(Holder)
) -> Credentials:
    """Random credentials for these holders."""
    members: dict[str, str] = {}
    if Holder.ADMIN in (wanted := set(holders)):
        members |= {"admin_username": ADMIN_NAME, "admin_password": secrets.token_urlsafe(18)}
    if Holder.GATEWAY in wanted:
        client_id, client_secret = _new_client()
        members |= {"gateway_client_id": client_id, "gateway_client_secret": client_secret}
    return Credentials(organization_id, environment_id, **members)


def new_app_credentials(organization_id: str) -> Credentials:
    """Random credentials for a connected app."""
    client_id, client_secret = _new_client()
    return Credentials(organization_id, client_id=client_id, client_secret=client_secret)


def _new_client() -> tuple[str, str]:
    return secrets.token_hex(16), secrets.token_urlsafe(32)
