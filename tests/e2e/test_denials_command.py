"""`policy-adapter denials` against a running adapter."""

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

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS = {"client_id": "c1", "client_secret": "never-shown"}


class Commands:
    """Runs commands against one adapter."""

    def __init__(self, adapter: AdapterProcess, directory: Path, client: str) -> None:
        self._inspection = adapter.inspection.removeprefix("http://")
        self._config = str(directory / "adapter.yaml")
        self.client = client

    async def denials(self, *arguments: str) -> Result:
        """What the command says."""
        command = ["denials", "--config", self._config, "--inspection", self._inspection]
        return await asyncio.to_thread(CliRunner().invoke, app, [*command, *arguments])

    async def found(self, *arguments: str) -> list[dict[str, Any]]:
        """What it finds, as JSON."""
        items: list[dict[str, Any]] = json.loads((await self.denials(*arguments, "--json")).stdout)[
            "items"
        ]
        return items


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def commands(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Commands]:
    """An adapter that has refused requests in several ways, the first before it was ready."""
    directory = tmp_path_factory.mktemp("denials")
    async with running_control_plane(directory) as platform:
        admin = platform.admin
        limited = (await admin.create_api("limited"))["id"]
        await admin.apply_policy(limited, "rate-limiting-sla-based", {})
        closed = (await admin.create_api("closed"))["id"]
        await admin.apply_policy(closed, "no-such-policy", {}, allow_unknown=True)
        shop = await admin.create_application("Shop")
        await admin.request_contract(limited, shop["id"])
        await platform.stop()
        async with AdapterProcess(settings_for(platform), directory) as adapter:
            await adapter.check(str(limited), SECRETS)
            await platform.start()
            await adapter.until_ready()
            await adapter.check(str(limited), {"client_id": shop["clientId"]})
            await adapter.check(str(limited), SECRETS)
            await adapter.check(str(closed))
            await adapter.check("99")
            await adapter.check("")
            yield Commands(adapter, directory, shop["clientId"])


async def test_every_kind_of_refusal_is_there(commands: Commands) -> None:
    """Also those that no policy made. The newest comes first."""
    assert [(item["api_id"], item["reason"]) for item in await commands.found()] == [
        ("", "api_unbound"),
        ("99", "api_unknown"),
        ("2", "api_closed"),
        ("1", "credentials_invalid"),
        ("1", "credentials_invalid"),
        ("1", "not_ready"),
    ]


async def test_the_text_has_the_sentence_that_clients_do_not_see(commands: Commands) -> None:
    """Why exactly, in words; never a secret."""
    text = (await commands.denials("--api", "limited")).stdout
    assert "no approved contract with this client id" in text
    assert "the contract has no SLA tier with limits" in text
    assert f"{commands.client} Shop" in text
    assert "rate-limiting-sla-based (" in text
    assert "never-shown" not in text


async def test_one_denial_is_found_by_the_id_that_the_client_saw(commands: Commands) -> None:
    """An id names one denial."""
    newest, *_ = await commands.found()
    assert await commands.found("--id", newest["id"]) == [newest]
    assert newest["id"] in (await commands.denials("--id", newest["id"])).stdout


async def test_nothing_found_says_how_far_it_looked(commands: Commands) -> None:
    """An empty answer would leave open whether there was nothing at all."""
    text = (await commands.denials("--client", "nobody")).stdout
    assert text == "no such denial among the last 1,000; 6 since the start\n"


async def test_an_adapter_that_does_not_answer_is_named(commands: Commands) -> None:
    """With the fix."""
    result = await commands.denials("--inspection", "127.0.0.1:1")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no adapter answers at 127.0.0.1:1" in result.stderr
    assert "policy-adapter serve" in result.stderr
