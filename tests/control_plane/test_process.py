"""The command, as an operator runs it."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from control_plane.version import program_version
from support.admin import Admin
from tests.rig.control_plane import running_control_plane

DEADLINE_S = 30
COMMAND = Path(sys.executable).with_name("policy-control-plane")


class Process:
    """A running `policy-control-plane serve`."""

    def __init__(self, directory: Path, *options: str) -> None:
        self._endpoints = directory / "endpoints.json"
        self._endpoints.unlink(missing_ok=True)
        self._output = (directory / "output.txt").open("w+")
        self._process = subprocess.Popen(
            [
                COMMAND, "serve", "--database", directory / "platform.db",
                "--listen", "127.0.0.1:0", "--endpoints", self._endpoints, *options,
            ],
            stdout=self._output,
            stderr=self._output,
        )  # fmt: skip

    def base_url(self) -> str:
        """Where it listens, as soon as it says so."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._endpoints.exists() and (text := self._endpoints.read_text()):
                return str(json.loads(text)["base_url"])
            threading.Event().wait(0.02)
        raise AssertionError(f"not started: {self.output()}")

    def output(self) -> str:
        """All that it wrote so far."""
        self._output.seek(0)
        return self._output.read()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal; the exit code."""
        self._process.send_signal(number)
        return self._process.wait(DEADLINE_S)

    def close(self) -> None:
        """End it whatever happened."""
        self._process.kill()
        self._process.wait(DEADLINE_S)
        self._output.close()


@contextmanager
def _serve(directory: Path, *options: str) -> Iterator[Process]:
    process = Process(directory, *options)
    try:
        yield process
    finally:
        process.close()


def _run(*arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, *arguments],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env={**os.environ, **variables},
    )


def _modes(directory: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in directory.glob("platform*")}


async def test_first_start_restart_and_reset(tmp_path: Path) -> None:
    """Credentials are given once, data outlives a restart, SIGTERM ends it, reset replaces."""
    file = tmp_path / "credentials.json"
    with _serve(tmp_path, "--credentials-file", str(file)) as process:
        base_url = process.base_url()
        credentials = json.loads(file.read_text())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert credentials["base_url"] == base_url
        assert credentials["gateway_client_secret"] not in process.output()
        assert credentials["admin_password"] not in process.output()
        async with Admin(base_url, credentials) as admin:
            made = await admin.create_api("orders")
            phone = await admin.create_application("phone")
            await admin.request_contract(made["id"], phone["id"])
        assert process.stop() == 0
        assert phone["clientSecret"] not in process.output()
        assert f"version={program_version()}" in process.output()
    assert _modes(tmp_path) == {0o600}
    with _serve(tmp_path, "--log-format", "json", "--credentials-file", str(file)) as process:
        base_url = process.base_url()
        async with Admin(base_url, credentials) as admin:
            path = f"/apimanager/api/v1/organizations/{credentials['organization_id']}"
            path += f"/environments/{credentials['environment_id']}/apis/{made['id']}"
            assert await admin.ask("GET", path) == made
            assert (await admin.ask("GET", f"{path}/contracts"))["total"] == 1
        assert credentials["admin_password"] not in process.output()
        assert process.stop(signal.SIGINT) == 0
    reset = ("reset-credentials", "--database", tmp_path / "platform.db", "--credentials-file")
    refused = _run(*reset, file)
    assert refused.returncode == 2
    assert f"{file} exists already" in refused.stderr
    assert json.loads(file.read_text()) == credentials
    done = _run(*reset, tmp_path / "fresh.json")
    assert done.returncode == 0
    fresh = json.loads((tmp_path / "fresh.json").read_text())
    assert fresh["organization_id"] == credentials["organization_id"]
    assert fresh["admin_password"] != credentials["admin_password"]
    assert fresh["admin_password"] not in done.stdout + done.stderr


def test_credentials_without_a_file_are_printed(tmp_path: Path) -> None:
    """Without a file standard output is the only place where they can be seen."""
    with _serve(tmp_path) as process:
        process.base_url()
        assert "admin password" in process.output()
    reset = _run("reset-credentials", "--database", tmp_path / "platform.db")
    assert "gateway client secret" in reset.stdout


def test_the_first_start_writes_an_adapters_settings(tmp_path: Path) -> None:
    """Once, with the address that serves; a later start says how to get others."""
    file = tmp_path / "adapter.yaml"
    with _serve(tmp_path, "--adapter-settings", str(file)) as process:
        base_url = process.base_url()
        written = yaml.safe_load(file.read_text())
        assert written["platform"]["base_url"] == base_url
        assert "admin password" in process.output()
        assert written["platform"]["client_secret"] not in process.output()
        assert "gateway client id" not in process.output()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = file.read_text()
    with _serve(tmp_path, "--adapter-settings", str(file)) as process:
        process.base_url()
        assert file.read_text() == first
        assert "was not written" not in process.output()
    file.unlink()
    with _serve(tmp_path, "--adapter-settings", str(file)) as process:
        process.base_url()
        assert f"adapter-settings --database {tmp_path}/platform.db" in process.output()
        assert not file.exists()


def test_a_first_start_changes_nothing_if_a_file_is_in_the_way(tmp_path: Path) -> None:
    """Neither file is written, and the next start is the first one again."""
    there, new = tmp_path / "adapter.yaml", tmp_path / "admin.json"
    there.write_text("mine")
    options = ("serve", "--database", tmp_path / "p.db", "--listen", "127.0.0.1:0")
    files = ("--credentials-file", new, "--adapter-settings", there)
    refused = _run(*options, *files)
    assert refused.returncode == 2
    assert f"{there} exists already" in refused.stderr
    assert there.read_text() == "mine"
    assert not new.exists()
    same = _run(*options, "--credentials-file", new, "--adapter-settings", new)
    assert same.returncode == 2
    assert "name the same file" in same.stderr
    assert not new.exists()


def test_a_backup_of_a_running_platform_can_be_served(tmp_path: Path) -> None:
    """The command copies configuration and events into private files, and overwrites none."""
    file, copy = tmp_path / "credentials.json", tmp_path / "copy" / "platform.db"
    copy.parent.mkdir()
    with _serve(tmp_path, "--credentials-file", str(file)) as process:
        process.base_url()
        backup = ("backup", "--database", tmp_path / "platform.db", "--to", copy)
        done, again = _run(*backup), _run(*backup)
    assert (done.returncode, again.returncode) == (0, 2)
    assert "exists already" in again.stderr
    assert {path.name for path in copy.parent.iterdir()} == {"platform.db", "platform-events.db"}
    assert _modes(copy.parent) == {0o600}
    with _serve(copy.parent, "--credentials-file", str(file)) as process:
        base_url = process.base_url()
        login = json.loads(file.read_text())
        body = {"username": login["admin_username"], "password": login["admin_password"]}
        answer = httpx.post(f"{base_url}/accounts/login", json=body, trust_env=False)
        assert answer.status_code == 200


def test_a_sqlite_file_has_one_server(tmp_path: Path) -> None:
    """A second one is refused, whatever path it names; the next one after a kill is not."""
    file, link = tmp_path / "platform.db", tmp_path / "link.db"
    link.symlink_to(file)
    with _serve(tmp_path) as process:
        process.base_url()
        for name in (file, link):
            second = _run("serve", "--database", name, "--listen", "127.0.0.1:0")
            assert (second.returncode, second.stderr) == (
                2,
                f"error: database {name}: another control plane serves this file; stop it first, "
                "or use PostgreSQL for several\n",
            )
        beside = _run("reset-credentials", "--database", file, "--gateway")
        assert beside.returncode == 0, beside.stderr
        process.stop(signal.SIGKILL)
    with _serve(tmp_path) as process:
        process.base_url()


@pytest.mark.parametrize("missing", ["bk", "no/such/bk.db"])
def test_a_backup_that_cannot_be_written_leaves_nothing(tmp_path: Path, missing: str) -> None:
    """Configuration and events are copied both, or neither."""
    with _serve(tmp_path) as process:
        process.base_url()
    (tmp_path / "bk").mkdir()
    before = set(tmp_path.rglob("*"))
    to = tmp_path / missing
    result = _run("backup", "--database", tmp_path / "platform.db", "--to", to)
    assert result.returncode == 2
    assert result.stderr.startswith(f"error: {to}")
    assert {path for path in tmp_path.rglob("*") if "-wal" not in path.name} - before == set()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--listen", "nowhere"], "--listen"),
        (["--listen", "127.0.0.1:99999"], "--listen"),
        (["--listen", "192.0.2.1:0"], "--listen"),
        (["--log-format", "xml"], "--log-format"),
        (["--credentials-file", "/nonexistent/file"], "/nonexistent/file"),
        (["--database", "/nonexistent/file.db"], "/nonexistent/file.db"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, arguments: list[str], named: str) -> None:
    """A mistake on the command line ends in one line that names it."""
    options = ["--database", str(tmp_path / "p.db"), "--listen", "127.0.0.1:0", *arguments]
    result = _run("serve", *options)
    assert result.returncode == 2
    assert named in result.stderr
    assert not any(words in result.stderr for words in ("Traceback", "Errno", "while attempting"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOKEN_LIFETIME", "5"),
        ("TOKEN_LIFETIME_S", "soon"),
        ("SECRET_FORM", "md5"),
        ("OIDC_ISSUER", "https://login.test"),
        ("DATABASE", "mysql://h/d"),
    ],
)
def test_bad_settings_are_named(tmp_path: Path, name: str, value: str) -> None:
    """Unknown and impossible environment variables stop the start."""
    variables = {f"POLICY_CONTROL_PLANE_{name}": value}
    listen = ("--listen", "127.0.0.1:0")
    options = listen if name == "DATABASE" else ("--database", str(tmp_path / "p.db"), *listen)
    result = _run("serve", *options, **variables)
    assert result.returncode == 2
    assert f"POLICY_CONTROL_PLANE_{name}" in result.stderr
    assert "value:" not in result.stderr


def test_a_bad_option_is_named_as_it_was_written() -> None:
    """The same setting can come from an option or from the environment."""
    result = _run("serve", "--database", "mysql://h/d")
    assert result.stderr.startswith("error: settings: --database: mysql:// is not supported")


@pytest.mark.parametrize("kind", ["text", "sqlite"])
def test_a_foreign_file_is_left_alone(tmp_path: Path, kind: str) -> None:
    """A file that is not ours is named and not written to."""
    path = tmp_path / "foreign.db"
    if kind == "text":
        path.write_text("my notes " * 200)
    else:
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE notes (text)")
        connection.close()
    before = path.read_bytes()
    result = _run("serve", "--database", path, "--listen", "127.0.0.1:0")
    assert result.returncode == 2
    assert "foreign.db" in result.stderr
    assert path.read_bytes() == before


async def test_no_change_is_missed_while_many_are_made(tmp_path: Path) -> None:
    """A gateway that polls during a rush of changes ends with all of them."""
    async with running_control_plane(tmp_path, contract_page_size=4) as platform:
        admin, credentials = platform.admin, platform.credentials
        api_id = (await admin.create_api("orders"))["id"]
        applications = [await admin.create_application(str(number)) for number in range(20)]
        url: str = (
            f"/apigateway/ccs/v3/organizations/{credentials.organization_id}"
            f"/environments/{credentials.environment_id}/apis/{api_id}/contracts"
        )
        seen: set[int] = set()
        headers = {"X-Accept-Hash-Algorithm": "sha256"} | admin.authorization
        async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False) as gateway:

            async def poll(url: str) -> str:
                page = (await gateway.get(url, headers=headers)).json()
                seen.update(entry["contractId"] for entry in page["data"])
                return str(page["links"]["next"])

            rush = asyncio.gather(
                *(admin.request_contract(api_id, row["id"]) for row in applications)
            )
            while not rush.done():
                url = await poll(url)
            while (following := await poll(url)) != url:
                url = following
        assert seen == {contract["id"] for contract in await rush}


async def test_an_outage_ends_with_everything_as_it_was(tmp_path: Path) -> None:
    """The rig's stop and start keep address, credentials, tokens and data."""
    async with running_control_plane(tmp_path) as platform:
        made = await platform.admin.create_api("orders")
        await platform.stop()
        with pytest.raises(httpx.ConnectError):
            await platform.admin.create_api("orders")
        await platform.start()
        again = await platform.admin.create_api("orders")
        assert again["id"] > made["id"]
        async with httpx.AsyncClient(trust_env=False) as client:
            health = await client.get(f"{platform.base_url}/healthz")
            assert len(health.headers.get_list("Date")) == 1
