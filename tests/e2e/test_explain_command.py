"""`policy-adapter explain`, against a running adapter and against its disk copy."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from adapter.cli import app
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane
from tests.rig.polling import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

ADMIN = {"methodRegex": ".*", "uriTemplateRegex": "/billing/admin(/.*)?"}
LIMIT = {"maximumRequests": 3, "timePeriodInMilliseconds": 600_000}
BY_HEADERS = {
    "clientIdExpression": "#[attributes.headers['client_id']]",
    "clientSecretExpression": "#[attributes.headers['client_secret']]",
}


class Commands:
    """Runs commands against one adapter."""

    def __init__(self, adapter: AdapterProcess, directory: Path, shop: dict[str, Any]) -> None:
        self.adapter = adapter
        self.disk = directory / "disk"
        self.directory = directory
        self._arguments = ["--config", str(directory / "adapter.yaml")]
        self._inspection = ["--inspection", adapter.inspection.removeprefix("http://")]
        self.id, self.secret = shop["clientId"], shop["clientSecret"]

    async def run(self, *arguments: str, live: bool = True, stdin: str = "") -> Result:
        """What the command says."""
        where = self._inspection if live else ["--disk-copy", str(self.disk)]
        command = ["explain", *self._arguments, *where, *arguments]
        return await asyncio.to_thread(CliRunner().invoke, app, command, input=stdin)

    async def explained(self, *arguments: str, **how: Any) -> dict[str, Any]:
        """The explanation, as JSON."""
        result = await self.run(*arguments, "--json", **how)
        assert result.exit_code == 0, result.stderr
        found: dict[str, Any] = json.loads(result.stdout)
        return found

    def credentials(self, secret: str) -> list[str]:
        """The options with the application's credentials."""
        return ["--header", f"client_id: {self.id}", "--header", f"client_secret: {secret}"]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def commands(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Commands]:
    """An API with an automated policy, a policy on a part, and a limit."""
    directory = tmp_path_factory.mktemp("explain")
    async with running_control_plane(directory) as platform:
        admin = platform.admin
        billing = (await admin.create_api("billing"))["id"]
        await admin.apply_automated_policy("client-id-enforcement", BY_HEADERS)
        await admin.apply_policy(billing, "access-block", {}, pointcutData=[ADMIN], order=1)
        await admin.apply_policy(billing, "rate-limiting", {"rateLimits": [LIMIT]}, order=2)
        shop = await admin.create_application("Shop")
        await admin.request_contract(billing, shop["id"])
        settings = settings_for(platform, disk_copy={"directory": str(directory / "disk")})
        async with AdapterProcess(settings, directory) as adapter:
            await adapter.until_ready()
            commands = Commands(adapter, directory, shop)

            async def saved() -> bool:
                return "'Shop'" in (await commands.run(*request, live=False)).stdout

            request = ["--api", "1", *commands.credentials(commands.secret), "GET", "/billing/1"]
            await eventually(saved)
            yield commands


async def test_the_text_tells_the_whole_story(commands: Commands) -> None:
    """Policies in their order, what each says, and the pointcut that applied."""
    arguments = ["--api", "1", *commands.credentials(commands.secret), "GET", "/billing/admin/1"]
    text = (await commands.run(*arguments)).stdout
    assert text == (
        "GET /billing/admin/1 at API 1 billing: denied, 403 access_blocked\n"
        "\n"
        "1. client-id-enforcement (1, automated): passed\n"
        "   identifies the client application 'Shop'"
        f" (id {commands.id}, contract 1)\n"
        "\n"
        "2. access-block (1): denied, 403 access_blocked\n"
        "   pointcut .* /billing/admin(/.*)?\n"
        "\n"
        "3. rate-limiting (2): not reached\n"
    )


@pytest.mark.parametrize("live", [True, False], ids=["running", "disk-copy"])
async def test_a_wrong_secret_is_named_and_never_shown(commands: Commands, *, live: bool) -> None:
    """The detail that clients do not see."""
    arguments = ["--api", "1", *commands.credentials("never-shown"), "GET", "/billing/1"]
    result = await commands.run(*arguments, live=live)
    assert "wrong client secret" in result.stdout
    assert "never-shown" not in result.stdout + result.stderr + commands.adapter.log.read_text()


async def test_secrets_can_come_from_a_file_or_from_standard_input(commands: Commands) -> None:
    """So that they are in no shell's history."""
    lines = f"client_id: {commands.id}\n\nclient_secret: {commands.secret}\n"
    file = commands.directory / "headers"
    file.write_text(lines)
    for how in ({"header": f"@{file}"}, {"header": "@-", "stdin": lines}):
        arguments = ["--api", "1", "--header", how["header"], "GET", "/billing/1"]
        found = await commands.explained(*arguments, stdin=how.get("stdin", ""))
        assert found["decision"] == "allowed"


async def test_an_explanation_charges_nothing_and_knows_what_is_left(commands: Commands) -> None:
    """However often it is asked; a Check charges."""
    request = ["--api", "1", *commands.credentials(commands.secret), "GET", "/billing/1"]
    headers = {"client_id": commands.id, "client_secret": commands.secret}

    async def note() -> str:
        found = await commands.explained(*request)
        (limit,) = [p for p in found["policies"] if p["policy_type"] == "rate-limiting"]
        return str(limit["notes"][0])

    assert [await note() for _ in range(5)] == [
        "would charge 1 of 3 requests per 600 s; 3 left"
    ] * 5
    for _ in range(3):
        assert (await commands.adapter.check("1", headers)).status.code == 0
    assert "0 left, again in" in await note()
    assert (await commands.explained(*request))["reason"] == "quota_exceeded"
    offline = await commands.explained(*request, live=False)
    assert offline["decision"] == "allowed"


async def test_pointcuts_are_not_counted(commands: Commands) -> None:
    """The counts tell about requests that were sent."""
    await commands.run("--api", "1", "GET", "/billing/admin")
    shown = await commands.adapter.inspect("/apis/1")
    assert [p["pointcuts"] for p in shown["policies"]] == [[], [ADMIN | {"matched": 0}], []]


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (
            ["--api", "9", "GET", "/"],
            "there is no API instance '9'; the first ones are: 1 (billing)",
        ),
        (["--api", "1", "GET", "billing"], "path must begin with /"),
        (["--api", "1", "GET", "/", "--header", "nonsense"], "a header has no name"),
        (["--api", "1", "GET", "/", "--header", "@/absent"], "cannot read /absent"),
        (["--api", "1", "GET", "/", "--inspection", "127.0.0.1:1"], "no adapter answers at"),
        (["--api", "1", "GET", "/", "--disk-copy", "/absent"], "the disk copy in /absent cannot"),
    ],
)
async def test_what_cannot_be_explained_is_named(
    commands: Commands, arguments: list[str], fault: str
) -> None:
    """With exit code 2, and nothing on standard output."""
    result = await commands.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr


async def test_a_disk_copy_that_cannot_be_read_stays_where_it_is(commands: Commands) -> None:
    """The settings may be wrong, and the adapter still needs the file."""
    config = commands.directory / "other.yaml"
    text = (commands.directory / "adapter.yaml").read_text().splitlines()
    config.write_text(
        "\n".join("  client_secret: other" if "client_secret" in line else line for line in text)
    )
    result = await commands.run("--api", "1", "GET", "/", "--config", str(config), live=False)
    assert result.exit_code == 2
    assert "cannot be used" in result.stderr
    assert (commands.disk / "catalog").exists()
