"""Files that belong to one process: a second process cannot have them, and harms nothing."""

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rig.adapter_process import COMMAND, AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane


async def refused(directory: Path, settings: Any) -> str:
    """What `serve` says of settings that it cannot start with: exit code 2."""
    (directory / "refused.yaml").write_text(yaml.safe_dump(settings))
    process = await asyncio.create_subprocess_exec(
        *(COMMAND, "serve", "--config", "refused.yaml"),
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 2, output
    assert "Traceback" not in output.decode()
    return output.decode().splitlines()[-1]


def contents(directory: Path) -> dict[str, tuple[int, bytes]]:
    """The regular files with their inodes and their content."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_ino, path.read_bytes()) for path in files}


async def platform_with_a_limit(platform: RunningControlPlane) -> None:
    """One API, whose requests are counted."""
    api = await platform.admin.create_api("orders")
    limit = {"maximumRequests": 100, "timePeriodInMilliseconds": 3_600_000}
    await platform.admin.apply_policy(api["id"], "rate-limiting", {"rateLimits": [limit]})


@pytest.mark.parametrize("transport", ["asyncio", "grpcio"])
async def test_a_second_process_with_the_same_files_does_not_start(
    tmp_path: Path, transport: str
) -> None:
    """It names the file and the process that has it. The first process goes on."""
    async with running_control_plane(tmp_path) as platform:
        await platform_with_a_limit(platform)
        state, socket = tmp_path / "state", tmp_path / "adapter.sock"
        settings = settings_for(
            platform,
            listener={"address": f"unix:{socket}", "transport": transport},
            quota={"file_interval_s": 0.1},
        ) | {"state_directory": str(state)}
        async with AdapterProcess(settings, tmp_path / "first") as first:
            await first.until_ready()
            assert (await first.check("1")).status.code == 0
            await first.until_written(state / "quota-windows", state / "catalog")
            windows, inode = (state / "quota-windows").read_bytes(), socket.stat().st_ino
            holder = f"process {first.pid} on "

            said = await refused(tmp_path, settings)
            assert f"state_directory: {state / 'catalog'} is in use by {holder}" in said

            other = settings | {"state_directory": str(tmp_path / "other")}
            said = await refused(tmp_path, other)
            assert f"{socket}: {holder}" in said
            assert said.endswith("uses this socket; give each process its own path")

            other["quota"] = {"file": str(state / "quota-windows")}
            other["listener"] = {"address": "127.0.0.1:0"}
            said = await refused(tmp_path, other)
            assert f"quota.file: {state / 'quota-windows'} is in use by {holder}" in said

            assert (state / "quota-windows").read_bytes() == windows
            assert not list(state.glob("*.rejected-*"))
            assert contents(tmp_path / "other") == {}
            assert socket.stat().st_ino == inode
            assert (await first.check("1")).status.code == 0
        assert not socket.exists()
        names = {path.name for path in state.iterdir()}
        assert not [name for name in names if name.endswith(".lock")]


async def test_a_start_that_fails_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """A port in use: neither a bad quota file is renamed, nor a socket left behind."""
    async with running_control_plane(tmp_path) as platform:
        state, socket = tmp_path / "state", tmp_path / "adapter.sock"
        state.mkdir()
        (state / "quota-windows").write_text("not a quota file")
        (state / "catalog").write_text("not a disk copy")
        before = contents(state)
        async with AdapterProcess(settings_for(platform), tmp_path / "first") as first:
            settings = settings_for(
                platform,
                listener={"address": f"unix:{socket}"},
                observability={"metrics_address": first.metrics.removeprefix("http://")},
            ) | {"state_directory": str(state)}
            said = await refused(tmp_path, settings)
        assert said.endswith(
            "cannot listen on '{}': Address already in use".format(
                first.metrics.removeprefix("http://")
            )
        )
        assert contents(state) == before
        assert not socket.exists()


async def test_a_killed_process_leaves_nothing_locked(tmp_path: Path) -> None:
    """Its files and its stale socket are taken over."""
    async with running_control_plane(tmp_path) as platform:
        socket = tmp_path / "adapter.sock"
        settings = settings_for(platform, listener={"address": f"unix:{socket}"})
        settings |= {"state_directory": str(tmp_path / "state")}
        async with AdapterProcess(settings, tmp_path / "first") as first:
            await first.until_ready()
            await first.stop(signal.SIGKILL)
        assert socket.exists()
        async with AdapterProcess(settings, tmp_path / "second") as second:
            await second.until_ready()
