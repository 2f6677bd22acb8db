"""Runs the commands of `cli_commands.py`, and tells which of them worked."""

import re
import shlex
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from string import Template

from support.admin import Admin
from tests.control_plane.vendor_tools.cli_commands import COMMANDS, Command
from tests.control_plane.vendor_tools.tables import Outcome
from tests.rig.anypoint_cli import Answer, AnypointCli, running_cli
from tests.rig.control_plane import RunningControlPlane


async def outcomes() -> tuple[list[Outcome], list[str]]:
    """What became of each command, and the names of all commands that the tool has."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        async with (
            running_cli(directory) as (platform, cli),
            environment_for_tests(platform) as test,
        ):
            application = await test.create_application("Shop")
            await _paid_api(test, application["id"])
            values = {
                "test": test.credentials["environment_id"],
                "client_id": application["clientId"],
                "directory": name,
            }
            return [await _outcome(cli, each, values) for each in COMMANDS], cli.commands


@asynccontextmanager
async def environment_for_tests(platform: RunningControlPlane) -> AsyncIterator[Admin]:
    """The admin of a new environment `Test`."""
    path = f"/accounts/api/organizations/{platform.credentials.organization_id}/environments"
    made = await platform.admin.ask("POST", path, {"name": "Test", "type": "sandbox"})
    credentials = asdict(platform.credentials) | {"environment_id": made["id"]}
    async with Admin(platform.base_url, credentials) as admin:
        yield admin


async def _paid_api(admin: Admin, application_id: int) -> None:
    """The API instance 1, with a tier and a contract that waits for approval."""
    api = await admin.create_api("paid")
    tier = await admin.create_tier(api["id"], "Silver", [(10, 60_000)], auto_approve=False)
    await admin.request_contract(api["id"], application_id, tier["id"])


async def _outcome(cli: AnypointCli, command: Command, values: dict[str, str]) -> Outcome:
    answer = await cli.run(*_arguments(command, values))
    if command.keeps:
        found = re.search('"([^"]+)"', answer.said)
        assert found, answer
        values[command.keeps] = found[1]
    return Outcome(command.called, _worked(command, answer), command.note)


def _arguments(command: Command, values: Mapping[str, str]) -> list[str]:
    line = Template(f"{command.called} {command.rest}").substitute(values)
    words = [word for word in shlex.split(line) if word != "APIINSTANCEID"]
    return words if "--environment" in words else [*words, "--environment", "Test"]


def _worked(command: Command, answer: Answer) -> bool:
    """Whether it did; raise AssertionError if it failed otherwise than `command` says."""
    if answer.error is None and command.shows in answer.said:
        return True
    assert command.fails, (command.called, answer)
    assert command.fails in str(answer.error), (command.called, answer)
    return False
