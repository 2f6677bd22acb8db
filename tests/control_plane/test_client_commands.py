"""Commands for clients: connected apps, and the credentials of single gateways."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

import control_plane.cli
from control_plane.store.tables import AuditEntry
from tests.control_plane.clients import TOKEN_PATH
from tests.control_plane.conftest import ON_SQLITE, Platform, gateway_token

pytestmark = ON_SQLITE
_LIST = ("gateway-credentials", "list")


def run(platform: Platform, *words: object) -> Result:
    """What a command says about the platform's database, while the platform runs."""
    database = ("--database", platform.services.settings.database)
    return CliRunner().invoke(control_plane.cli.app, [str(word) for word in (*words, *database)])


def done(platform: Platform, *words: object) -> str:
    """What a command prints; it must succeed."""
    result = run(platform, *words)
    assert (result.exit_code, result.stderr) == (0, ""), result.output
    return result.stdout


def refused(platform: Platform, *words: object) -> str:
    """Why a command fails, in one line."""
    result = run(platform, *words)
    assert result.exit_code == 2
    [line] = result.stderr.splitlines()
    return line


def audited(platform: Platform) -> list[tuple[str, str, str]]:
    """Who did what to which kind of thing."""
    with platform.services.database.read() as session:
        rows = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        return [(row.actor, row.action, row.kind) for row in rows]


def _rows(table: str) -> list[str]:
    return table.splitlines()[1:]


async def ask(platform: Platform, client_id: str, client_secret: str) -> tuple[int, dict[str, Any]]:
    """The status and the answer of a token request."""
    body = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    response = await platform.anyone.post(TOKEN_PATH, json=body)
    return response.status_code, response.json()


async def test_a_connected_app_is_made_listed_and_revoked(
    platform: Platform, tmp_path: Path
) -> None:
    """Its file is its owner's; the list has no secret; nobody logs in after the end."""
    file = tmp_path / "app.json"
    roles = ("--role", "viewer", "--role", "api-admin@production")
    create = ("connected-apps", "create", "terraform", *roles, "--days", 90)
    assert f"new credentials are in {file}" in done(
        platform, *create, "--credentials-file", file, "--base-url", "https://platform.test/"
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    app = json.loads(file.read_text())
    assert app == {
        "organization_id": platform.credentials.organization_id,
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "base_url": "https://platform.test",
    }
    status, token = await ask(platform, app["client_id"], app["client_secret"])
    assert status == 200
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    assert (await platform.anyone.get(platform.apis, headers=headers)).status_code == 200
    listed = done(platform, "connected-apps", "list")
    assert f"terraform  {app['client_id']}  api-admin@Production, viewer  " in listed
    assert app["client_secret"] not in listed
    assert "the connected app terraform is revoked" in done(
        platform, "connected-apps", "revoke", app["client_id"]
    )
    assert (await ask(platform, app["client_id"], app["client_secret"]))[0] == 401
    assert len(done(platform, "connected-apps", "list").splitlines()) == 1
    assert audited(platform) == [
        ("command line", "create", "connected_app"),
        ("command line", "delete", "connected_app"),
    ]


@pytest.mark.parametrize(
    ("roles", "why"),
    [
        (("god",), "--role god: the role must be viewer, operator, api-admin, owner"),
        (("gateway",), "--role gateway: the role must be"),
        (("owner@Nowhere",), "there is no environment 'Nowhere'; known are Production"),
        (("viewer@",), "there is no environment ''; known are Production"),
        (("viewer", "owner"), "--role owner: give one role in each place"),
    ],
)
def test_roles_that_make_no_sense_are_refused(
    platform: Platform, roles: tuple[str, ...], why: str
) -> None:
    """Nothing is made."""
    options = [word for role in roles for word in ("--role", role)]
    assert why in refused(platform, "connected-apps", "create", "ci", *options)
    assert audited(platform) == []


def test_a_connected_app_needs_a_role_and_a_name_of_its_own(platform: Platform) -> None:
    """The message names the option, or the name that is taken."""
    without = run(platform, "connected-apps", "create", "ci")
    assert (without.exit_code, "--role" in without.stderr) == (2, True)
    shown = done(platform, "connected-apps", "create", "ci", "--role", "owner")
    assert "client secret" in shown
    assert "gateway" not in shown
    again = refused(platform, "connected-apps", "create", "CI", "--role", "owner")
    assert "there is a connected app CI already" in again
    assert "not found" in refused(platform, "connected-apps", "revoke", "nobody")


async def test_one_gateway_is_rotated_and_the_others_go_on(
    platform: Platform, tmp_path: Path
) -> None:
    """New credentials beside the old ones, then an end of the old ones alone."""
    file, own = tmp_path / "gateway.json", platform.credentials
    done(platform, "gateway-credentials", "create", "--credentials-file", file)
    new = json.loads(file.read_text())
    used = {row.split()[0]: row.split()[-1] for row in _rows(done(platform, *_LIST))}
    assert used[own.gateway_client_id] != "-"
    assert used[new["gateway_client_id"]] == "-"
    revoke = ("gateway-credentials", "revoke", own.gateway_client_id)
    assert f"the gateway credentials {own.gateway_client_id} are revoked" in done(platform, *revoke)
    assert (await platform.gateway.get(platform.apis)).status_code == 401
    status, _ = await ask(platform, own.gateway_client_id, own.gateway_client_secret)
    assert status == 401
    status, _ = await ask(platform, new["gateway_client_id"], new["gateway_client_secret"])
    assert status == 200
    assert [row.split()[0] for row in _rows(done(platform, *_LIST))] == [new["gateway_client_id"]]
    assert "not found" in refused(platform, *revoke)
    assert audited(platform) == [
        ("command line", "create", "gateway"),
        ("command line", "delete", "gateway"),
    ]


async def test_settings_of_an_adapter_are_recorded_too(platform: Platform) -> None:
    """They come with new gateway credentials."""
    done(platform, "adapter-settings")
    assert audited(platform) == [("command line", "create", "gateway")]
    assert await gateway_token(platform.anyone, platform.credentials)
