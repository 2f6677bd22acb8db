"""The page of connected apps and gateway credentials, and how an owner ends one."""

from control_plane.accounts.roles import Role
from tests.control_plane.clients import add_app, ask_token
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.pages.visitor import Visitor, visiting_as

pytestmark = ON_SQLITE
PROGRAMS = "/settings/programs"


async def test_an_owner_sees_and_revokes_a_connected_app(
    owner: Visitor, platform: Platform
) -> None:
    """Its roles and its last login are there, and its secret is not."""
    assert "There is no connected app." in await owner.page(PROGRAMS)
    environment_id = platform.credentials.environment_id
    app = add_app(platform, "terraform", Role.API_ADMIN, environment_id)
    assert "never" in await owner.page(PROGRAMS)
    assert (await ask_token(platform, app)).status_code == 200
    page = await owner.page(PROGRAMS)
    assert "api-admin in Production" in page
    assert app.client_id in page
    assert app.client_secret not in page
    path = f"{PROGRAMS}/apps/1/revoke"
    assert "Revoke the connected app terraform?" in await owner.page(path)
    assert "The connected app terraform is revoked." in await owner.done(path)
    assert (await ask_token(platform, app)).status_code == 401
    assert (await owner.open(path)).status_code == 404


async def test_an_owner_revokes_the_credentials_of_one_gateway(
    owner: Visitor, platform: Platform
) -> None:
    """The page says what this means for adapters that have them."""
    client_id = platform.credentials.gateway_client_id
    assert client_id in await owner.page(PROGRAMS)
    path = f"{PROGRAMS}/gateways/{client_id}/revoke"
    assert "go on with the policies and contracts" in await owner.page(path)
    assert f"The gateway credentials {client_id} are revoked." in await owner.done(path)
    assert (await platform.gateway.get(platform.apis)).status_code == 401
    assert (await owner.open(path)).status_code == 404


async def test_only_owners_see_programs(platform: Platform) -> None:
    """The 403 names the permission."""
    add_app(platform, "ci")
    gateway = f"{PROGRAMS}/gateways/{platform.credentials.gateway_client_id}/revoke"
    async with visiting_as(platform, Role.API_ADMIN) as admin:
        assert PROGRAMS not in await admin.page("/settings")
        assert "users:read" in (await admin.open(PROGRAMS)).text
        for path in (f"{PROGRAMS}/apps/1/revoke", gateway):
            for response in (await admin.open(path), await admin.send(path)):
                assert response.status_code == 403
                assert "users:write" in response.text
