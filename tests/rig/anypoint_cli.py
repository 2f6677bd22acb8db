"""The vendor's command line, anypoint-cli-v4, against a control plane on loopback."""

import asyncio
import json
import os
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.rig.certificates import Authority
from tests.rig.connected_apps import connected_app
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.npm_packages import NODE, installed
from tests.rig.redis_server import free_port
from tests.rig.tls_front import server_tls, tls_in_front_of

SOURCE: Final = Path(__file__).parent / "anypoint_cli"
"""The folder that says which version is installed."""

_DEADLINE_S = 60
_LONGEST_ANSWER = 2**24


class Answer(NamedTuple):
    """What one command printed, and the message it failed with."""

    said: str
    error: str | None


class AnypointCli:
    """One process that runs commands one after the other."""

    def __init__(self, process: Process, commands: list[str]) -> None:
        self._process = process
        self.commands = commands
        """The names of all commands."""

    async def run(self, *arguments: str) -> Answer:
        """Run one command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(arguments).encode() + b"\n")
        return Answer(**await _line(self._process))


@asynccontextmanager
async def running_cli(directory: Path) -> AsyncIterator[tuple[RunningControlPlane, AnypointCli]]:
    """A control plane, and the command line with a connected app that is an owner there.

    The command line speaks HTTPS only, so there is a TLS proxy in front of the control plane.
    """
    modules = await asyncio.to_thread(installed, SOURCE)
    authority = Authority(directory)
    tls = server_tls(authority.issue("platform"))
    port = free_port()
    async with (
        running_control_plane(directory, public_url=f"https://127.0.0.1:{port}") as platform,
        tls_in_front_of(platform.port, tls, port),
    ):
        process = await asyncio.create_subprocess_exec(
            NODE,
            SOURCE / "commands.cjs",
            modules,
            stdin=PIPE,
            stdout=PIPE,
            limit=_LONGEST_ANSWER,
            env=os.environ | _environment(platform, directory, port, authority.certificate),
        )
        try:
            yield platform, AnypointCli(process, await _line(process))
        finally:
            process.kill()
            await process.wait()


def _environment(
    platform: RunningControlPlane, directory: Path, port: int, trusted: Path
) -> dict[str, str]:
    """The variables that the command line reads."""
    app = connected_app(platform, "anypoint-cli", role="owner")
    return {
        "ANYPOINT_HOST": f"127.0.0.1:{port}",
        "ANYPOINT_CLIENT_ID": app["client_id"],
        "ANYPOINT_CLIENT_SECRET": app["client_secret"],
        "ANYPOINT_ORG": platform.credentials.organization_id,
        "ANYPOINT_ENV": "Production",
        "HOME": str(directory),
        "XDG_CONFIG_HOME": str(directory),
        "NODE_EXTRA_CA_CERTS": str(trusted),
        "NODE_NO_WARNINGS": "1",
    }


async def _line(process: Process) -> Any:
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), _DEADLINE_S)
    assert line, "the command line ended"
    return json.loads(line)
