"""Who may read and change a whole environment: those who may change its parts."""

import json
from typing import Any

import httpx
import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.environment_file.conftest import Environment
from tests.control_plane.pages.visitor import add_user
from tests.control_plane.test_roles import client_of

SPEC = {"groupId": "g", "assetId": "a", "assetVersion": "1"}
NEW = {
    "version": 1,
    "apis": [SPEC | {"contracts": [{"application": "Shop"}]}],
    "applications": [{"name": "Shop"}],
}


async def _as(environment: Environment, name: str, role: Role, where: str | None = None) -> None:
    add_user(environment.platform, name, role, where)
    environment.headers = await client_of(environment.platform, name)


async def refused(environment: Environment, method: str, path: str = "", **request: Any) -> str:
    """The message of a 403."""
    response: httpx.Response = await environment.ask(method, path, **request)
    assert response.status_code == 403, response.text
    return str(response.json()["message"])


@ON_SQLITE
async def test_a_viewer_reads_and_compares(environment: Environment) -> None:
    """Without secrets, and each permission that is missing is named."""
    await environment.apply(NEW)
    await _as(environment, "vera", Role.VIEWER)
    exported = await environment.export()
    assert await environment.diff(exported) == []
    assert "secrets:read" in await refused(environment, "GET", withSecrets=True)
    exported["apis"][0]["description"] = "d"
    exported["apis"][0]["contracts"] = [{"application": "Shop", "status": "REVOKED"}]
    assert len(await environment.diff(exported)) == 2
    assert "secrets:read" in await refused(environment, "PUT", body=exported)


@ON_SQLITE
async def test_a_guess_at_a_secret_tells_a_reader_nothing(environment: Environment) -> None:
    """A difference is shown to those who may read the secret, or make a new one."""
    injection = {
        "assetId": "credential-injection-basic-auth",
        "configurationData": {"username": "u", "password": "hush", "overwrite": False},
    }
    shop = {"name": "Shop", "clientId": "c", "clientSecret": "hush"}
    api = SPEC | {"policies": [injection], "contracts": [{"clientId": "c"}]}
    there = {"version": 1, "apis": [api], "applications": [shop]}
    await environment.apply(there)
    guess = json.loads(json.dumps(there).replace("hush", "guess"))
    assert len(await environment.diff(guess)) == 2
    await _as(environment, "vera", Role.VIEWER)
    assert await environment.diff(guess) == await environment.diff(there) == []
    home = environment.platform.credentials.environment_id
    await _as(environment, "ann", Role.API_ADMIN, home)
    assert len(await environment.diff(guess)) == 1
    assert "applications:write" in await refused(environment, "PUT", body=there)


@ON_SQLITE
async def test_applications_belong_to_the_organization(environment: Environment) -> None:
    """An admin of one environment can't make one, but can give a contract to one."""
    home = environment.platform.credentials.environment_id
    await _as(environment, "ann", Role.API_ADMIN, home)
    assert "applications:write" in await refused(environment, "PUT", body=NEW)
    assert (await environment.export()) == {"version": 1}
    await environment.platform.admin.create_application("Shop")
    without = {name: value for name, value in NEW.items() if name != "applications"}
    assert len(await environment.apply(without)) == 2


@ON_SQLITE
async def test_a_role_in_one_environment_shows_no_applications_of_others(
    environment: Environment,
) -> None:
    """A comparison shows what is stored, so it needs the permission to read it."""
    await environment.apply(NEW)
    await environment.platform.admin.create_application("Till")
    await _as(environment, "ann", Role.API_ADMIN, environment.platform.credentials.environment_id)
    assert await environment.diff(await environment.export()) == []
    for method, path in (("POST", "/diff"), ("PUT", "")):
        wanted = {"version": 1, "applications": [{"name": "Till", "description": "guess"}]}
        assert "applications:read" in await refused(environment, method, path, body=wanted)


@ON_SQLITE
@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_nobody_else(environment: Environment, platform: Platform, method: str) -> None:
    """Not a gateway, and not for an environment that is not there."""
    body = NEW if method == "PUT" else None
    gateway = {"Authorization": platform.gateway.headers["Authorization"]}
    admin, environment.headers = environment.headers, gateway
    assert "contracts:read" in await refused(environment, method, body=body)
    environment.headers, environment.environment_id = admin, "elsewhere"
    assert (await environment.ask(method, body=body)).status_code == 404
