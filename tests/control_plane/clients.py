"""Connected apps for tests, and requests for tokens."""

from datetime import timedelta
from typing import Any

import httpx

from control_plane.accounts.credentials import Credentials
from control_plane.accounts.roles import Role
from control_plane.management import connected_apps
from control_plane.management.transaction import COMMAND_LINE, Transaction
from tests.control_plane.conftest import Platform

TOKEN_PATH = "/accounts/api/v2/oauth2/token"


def transaction_in(platform: Platform, session: Any) -> Transaction:
    """A transaction of the command line."""
    services, organization_id = platform.services, platform.credentials.organization_id
    return Transaction(
        session, COMMAND_LINE, organization_id, services.clock.now(), services.epochs
    )


def add_app(
    platform: Platform,
    name: str,
    role: Role = Role.OWNER,
    environment_id: str | None = None,
    lifetime: timedelta | None = None,
) -> Credentials:
    """A connected app with one role."""
    services = platform.services
    with services.database.write() as session:
        transaction = transaction_in(platform, session)
        roles = {environment_id: role}
        return connected_apps.create(transaction, services.hasher, name, roles, lifetime)


def revoke_app(platform: Platform, name: str) -> None:
    """End a connected app."""
    with platform.services.database.write() as session:
        transaction = transaction_in(platform, session)
        app = connected_apps.find(session, transaction.organization_id, name)
        connected_apps.revoke(transaction, app)


def as_body(credentials: Credentials) -> dict[str, str]:
    """The token request of a connected app."""
    return {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }


async def ask_token(platform: Platform, credentials: Credentials, **other: str) -> httpx.Response:
    """The answer to the token request of a connected app."""
    return await platform.anyone.post(TOKEN_PATH, json=as_body(credentials) | other)


async def headers_of(platform: Platform, credentials: Credentials) -> dict[str, str]:
    """The header with a new token of a connected app."""
    response = await ask_token(platform, credentials)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}
