"""Commands that make credentials: the settings of an adapter, and new ones for old."""

import asyncio
import json
import sqlite3
import stat
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from typer.testing import CliRunner, Result

import adapter.cli
import control_plane.cli
from control_plane.app import open_services
from control_plane.clock import SystemClock
from control_plane.settings import Settings
from tests.rig.control_plane import RunningControlPlane, running_control_plane


def run(platform: RunningControlPlane, *command: object) -> Result:
    """What the command says about the platform's database."""
    words = (*command, "--database", platform.database)
    return CliRunner().invoke(control_plane.cli.app, [str(word) for word in words])


def status_of_gateway(platform: RunningControlPlane, client_id: str, client_secret: str) -> int:
    """What the platform answers when this gateway asks for a token."""
    body = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
    }
    url = f"{platform.base_url}/accounts/oauth2/token"
    return httpx.post(url, json=body, trust_env=False).status_code


def status_of_admin(platform: RunningControlPlane, password: str) -> int:
    """What the platform answers when the admin logs in with this password."""
    body = {"username": "admin", "password": password}
    url = f"{platform.base_url}/accounts/login"
    return httpx.post(url, json=body, trust_env=False).status_code


def status_of(url: str, headers: dict[str, str]) -> int:
    """What a GET request is answered with."""
    return httpx.get(url, headers=headers, trust_env=False).status_code


def old_gateway(platform: RunningControlPlane) -> int:
    """The same for the gateway of the first start."""
    credentials = platform.credentials
    return status_of_gateway(
        platform, credentials.gateway_client_id, credentials.gateway_client_secret
    )


async def test_an_adapters_settings_are_written_and_accepted(tmp_path: Path) -> None:
    """The file is its owner's, the adapter accepts it, and its new credentials work."""
    output = tmp_path / "adapter.yaml"
    async with running_control_plane(tmp_path) as platform:
        done = run(
            platform, "adapter-settings", "--output", output, "--base-url", platform.base_url
        )
        assert (done.exit_code, done.stderr) == (0, "")
        assert stat.S_IMODE(output.stat().st_mode) == 0o600
        settings = yaml.safe_load(output.read_text())
        written = settings["platform"]
        assert settings["state_directory"] == str(tmp_path / "adapter-state")
        assert written["client_id"] in done.stdout
        assert written["client_secret"] not in done.output
        assert written["base_url"] == platform.base_url
        assert written["organization_id"] == platform.credentials.organization_id
        assert written["environment_id"] == platform.credentials.environment_id
        assert status_of_gateway(platform, written["client_id"], written["client_secret"]) == 200
        assert old_gateway(platform) == 200
    checked = CliRunner().invoke(adapter.cli.app, ["check-config", "--config", str(output)])
    assert checked.exit_code == 0, checked.output


async def test_settings_are_overwritten_only_if_asked(tmp_path: Path) -> None:
    """A refused command makes no credentials either."""
    output = tmp_path / "adapter.yaml"
    output.write_text("mine")
    async with running_control_plane(tmp_path) as platform:
        nowhere = run(platform, "adapter-settings", "--base-url", "platform:8085")
        assert "platform:8085 is not the address of a platform" in nowhere.stderr
        refused = run(platform, "adapter-settings", "--output", output)
        assert refused.exit_code == 2
        assert f"{output} exists already" in refused.stderr
        assert output.read_text() == "mine"
        assert run(platform, "adapter-settings", "--output", output, "--overwrite").exit_code == 0
        printed = run(platform, "adapter-settings").stdout
    first, second = yaml.safe_load(output.read_text()), yaml.safe_load(printed)
    assert first["platform"]["client_id"] != second["platform"]["client_id"]
    assert second["state_directory"] is None
    assert first["platform"]["base_url"] == "http://127.0.0.1:8085"


@pytest.mark.parametrize(
    ("options", "admin", "gateway"),
    [((), 401, 401), (("--admin",), 401, 200), (("--gateway",), 200, 401)],
)
async def test_reset_replaces_what_is_named(
    tmp_path: Path, options: tuple[str, ...], admin: int, gateway: int
) -> None:
    """The other credentials and their tokens keep working; the new ones work at once."""
    file = tmp_path / "new.json"
    async with running_control_plane(tmp_path) as platform:
        done = run(platform, "reset-credentials", "--credentials-file", file, *options)
        assert (done.exit_code, done.stdout) == (0, f"new credentials are in {file}\n")
        assert status_of_admin(platform, platform.credentials.admin_password) == admin
        assert old_gateway(platform) == gateway
        me = f"{platform.base_url}/accounts/api/me"
        assert status_of(me, platform.admin.authorization) == admin
        new: dict[str, Any] = json.loads(file.read_text())
        assert ("admin_password" in new, "gateway_client_secret" in new) == (
            admin == 401,
            gateway == 401,
        )
        if admin == 401:
            assert status_of_admin(platform, new["admin_password"]) == 200
        if gateway == 401:
            client = new["gateway_client_id"], new["gateway_client_secret"]
            assert status_of_gateway(platform, *client) == 200


async def test_new_credentials_are_printed_without_empty_lines(tmp_path: Path) -> None:
    """What was not replaced is not shown."""
    async with running_control_plane(tmp_path) as platform:
        shown = run(platform, "reset-credentials", "--gateway").stdout
    assert "gateway client secret" in shown
    assert "admin" not in shown


COMMANDS = (
    ("adapter-settings",),
    ("reset-credentials",),
    ("gateway-credentials", "list"),
    ("connected-apps", "list"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_database_without_credentials_is_named(tmp_path: Path, command: tuple[str, ...]) -> None:
    """It has been made, but no platform has started on it."""
    file = tmp_path / "new.db"
    open_services(Settings(database=file), SystemClock()).close()
    done = CliRunner().invoke(control_plane.cli.app, [*command, "--database", str(file)])
    assert done.exit_code == 2
    assert "has no credentials yet: the first `serve` makes them" in done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_missing_database_is_not_made(tmp_path: Path, command: tuple[str, ...]) -> None:
    """A mistyped name must not leave an empty database behind."""
    missing = tmp_path / "missing.db"
    done = CliRunner().invoke(control_plane.cli.app, [*command, "--database", str(missing)])
    assert done.exit_code == 2
    assert f"there is no database {missing}" in done.stderr
    assert list(tmp_path.iterdir()) == []


async def test_login_prints_what_curl_needs(tmp_path: Path) -> None:
    """The variables are quoted for a shell; the token and the addresses work."""
    file = tmp_path / "admin.json"
    async with running_control_plane(tmp_path) as platform:
        file.write_text(platform.credentials.as_json(platform.base_url))
        done = CliRunner().invoke(control_plane.cli.app, ["login", "--credentials-file", str(file)])
        assert (done.exit_code, done.stderr) == (0, "")
        shown = dict(line.split("=", 1) for line in done.stdout.splitlines())
        header = dict([shown["AUTH"].strip("'").split(": ", 1)])
        for name in ("APIS", "APPLICATIONS", "ANALYTICS"):
            url = shown[name] + ("/summary?groupBy=api" if name == "ANALYTICS" else "")
            assert status_of(url, header) == 200
        asked = CliRunner().invoke(
            control_plane.cli.app,
            ["login", "--url", platform.base_url + "/"],
            input=f"{platform.credentials.admin_password}\n",
        )
        assert "Password of admin" in asked.stderr
        assert f"ORG={platform.credentials.organization_id}" in asked.stdout
        app = tmp_path / "app.json"
        create = ("--role", "viewer", "--credentials-file", app, "--base-url", platform.base_url)
        assert run(platform, "connected-apps", "create", "ci", *create).exit_code == 0
        done = CliRunner().invoke(control_plane.cli.app, ["login", "--credentials-file", str(app)])
        assert f"ORG={platform.credentials.organization_id}" in done.stdout
        with closing(sqlite3.connect(platform.database)) as database, database:
            database.execute("DELETE FROM connected_app_grants")
        done = CliRunner().invoke(control_plane.cli.app, ["login", "--credentials-file", str(app)])
        assert done.stderr.startswith("error: this login has no role in any environment")


async def test_login_says_why_it_failed(tmp_path: Path) -> None:
    """In one line, without the password."""
    file = tmp_path / "admin.json"
    async with running_control_plane(tmp_path) as platform:
        wrong = asdict(platform.credentials) | {
            "admin_password": "not-the-password",
            "base_url": platform.base_url,
        }
        for text, options, fault in (
            (json.dumps(wrong), (), "401 unknown name or wrong secret"),
            (
                json.dumps(wrong),
                ("--url", f"{platform.base_url}/nowhere"),
                "/nowhere/accounts/login: 4",
            ),
            (json.dumps(wrong), ("--url", "ftp://platform"), "is not the address of a platform"),
            ("[]", (), "must hold a JSON object"),
            ("{", (), "is not a credentials file"),
        ):
            file.write_text(text)
            words = ["login", "--credentials-file", str(file), *options]
            done = CliRunner().invoke(control_plane.cli.app, words)
            assert done.exit_code == 2
            assert "AUTH=" not in done.stdout
            assert fault in done.stderr
            assert "not-the-password" not in done.stderr
            assert len(done.stderr.splitlines()) == 1


async def test_login_waits_for_a_platform_that_is_starting(tmp_path: Path) -> None:
    """A script may start the platform in the background and log in right after."""
    async with running_control_plane(tmp_path) as platform:
        credentials, url = platform.credentials, platform.base_url
        await platform.stop()
        file = tmp_path / "admin.json"
        file.write_text(credentials.as_json(url))
        waiting = asyncio.create_task(
            asyncio.to_thread(
                CliRunner().invoke,
                control_plane.cli.app,
                ["login", "--credentials-file", str(file)],
            )
        )
        await platform.start()
        assert (await waiting).exit_code == 0


async def test_an_adapter_of_several_environments_names_its_own(tmp_path: Path) -> None:
    """Without the name, or with a wrong one, the message lists the names."""
    async with running_control_plane(tmp_path) as platform:
        _add_environment(platform, "Sandbox")
        for arguments in ((), ("--environment", "Nowhere")):
            refused = run(platform, "adapter-settings", *arguments)
            assert refused.exit_code == 2
            assert "name one environment with --environment: Production, Sandbox" in refused.output
        written = run(platform, "adapter-settings", "--environment", "sandbox")
        settings = yaml.safe_load(written.stdout)["platform"]
        assert settings["environment_id"] == "sandbox-id"


def _add_environment(platform: RunningControlPlane, name: str) -> None:
    with closing(sqlite3.connect(platform.database)) as file, file:
        organization_id = platform.credentials.organization_id
        row = (f"{name.lower()}-id", organization_id, name)
        file.execute("INSERT INTO environments (id, organization_id, name) VALUES (?, ?, ?)", row)
