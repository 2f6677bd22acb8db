"""What adapters run, as the console shows it: real adapter processes, and a real control plane."""

import html
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from control_plane.pages.cookies import SESSION
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually


class Console:
    """The console's pages as text, for an owner who is logged in."""

    def __init__(self, platform: RunningControlPlane) -> None:
        self._platform = platform
        self._http = httpx.AsyncClient(
            base_url=platform.base_url, headers={"Origin": platform.base_url}, trust_env=False
        )
        self._home = f"/environments/{platform.credentials.environment_id}"

    async def __aenter__(self) -> "Console":
        """Log in. The cookie is for HTTPS or a local browser, so this client sends it itself."""
        known = self._platform.credentials
        fields = {"name": known.admin_username, "password": known.admin_password}
        answer = await self._http.post("/login", data=fields)
        self._http.headers["Cookie"] = f"{SESSION}={answer.cookies[SESSION]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def text(self, path: str) -> str:
        """What a page of the environment says, without tags."""
        answer = await self._http.get(f"{self._home}/{path}")
        assert answer.status_code == 200, answer.text
        return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", answer.text).split()))

    async def says(self, path: str, pattern: str) -> bool:
        """Whether a page says this."""
        return re.search(pattern, await self.text(path)) is not None

    async def send(self, path: str, fields: Mapping[str, str]) -> None:
        """Send a form."""
        answer = await self._http.post(f"{self._home}/{path}", data=dict(fields))
        assert answer.status_code == 303, answer.text


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A control plane."""
    async with running_control_plane(tmp_path) as platform:
        yield platform


@pytest.fixture
async def console(platform: RunningControlPlane) -> AsyncIterator[Console]:
    """Its console."""
    async with Console(platform) as console:
        yield console


def named(platform: RunningControlPlane, name: str) -> dict[str, Any]:
    """The settings of an adapter that reports under this name."""
    return settings_for(platform, reports={"instance_id": name})


async def test_the_console_follows_a_change_to_every_adapter(
    platform: RunningControlPlane, console: Console, tmp_path: Path
) -> None:
    """In sync, rejected with the reason, in sync again; and unknown when an adapter stops."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    async with (
        AdapterProcess(named(platform, "one"), tmp_path / "one"),
        AdapterProcess(named(platform, "two"), tmp_path / "two") as two,
    ):
        rollout = f"apis/{api_id}/rollout"
        await eventually(lambda: console.says(rollout, "2 of 2 adapters run it"))
        await eventually(lambda: console.says("adapters", r"one .{0,3}in sync.* two .{0,3}in sync"))
        policy = await platform.admin.apply_policy(api_id, "no-such", {}, allow_unknown=True)
        await eventually(lambda: console.says(rollout, "0 of 2 adapters run it"))
        reason = r"rejected one : policy 1 \(no-such\): this policy type is not supported"
        await eventually(lambda: console.says(rollout, reason))
        await eventually(lambda: console.says("adapters/1?show=closed", r"policy 1 \(no-such\)"))
        await platform.admin.delete_policy(api_id, policy["id"])
        await eventually(lambda: console.says(rollout, "2 of 2 adapters run it"))
        await two.stop()
        await eventually(lambda: console.says("adapters", r"two .{0,3}unknown"))
        assert await console.says("adapters", r"one .{0,3}in sync")
        assert await console.says(rollout, "the adapter runs it")


async def test_a_request_without_an_api_becomes_an_api(
    platform: RunningControlPlane, console: Console, tmp_path: Path
) -> None:
    """It is discovered, managed in the console, and bound as the next page says."""
    async with AdapterProcess(named(platform, "one"), tmp_path / "one") as adapter:
        await adapter.until_ready()
        answer = await adapter.check("")
        assert answer.status.code != 0
        await eventually(lambda: console.says("services", r"api\.test .* 1 "))
        fields = {"asset_id": "api", "group_id": "g", "asset_version": "1.0.0"}
        await console.send("services/1/manage", fields)
        shown = await console.text("services/1")
    binding = re.search(r"api_id: (\d+) authority: \"(api\.test)\"", shown)
    assert binding is not None
    bound = {"bindings": [{"api_id": binding[1], "authority": binding[2]}]}
    settings = settings_for(platform, requests=bound)
    async with AdapterProcess(settings, tmp_path / "bound") as adapter:
        await adapter.until_ready()
        answer = await adapter.check("")
        assert answer.status.code == 0


async def test_reports_can_be_turned_off(
    platform: RunningControlPlane, console: Console, tmp_path: Path
) -> None:
    """Then the console knows of no adapter, and the adapter works as before."""
    await platform.admin.create_api("orders")
    settings = settings_for(platform, reports={"enabled": False})
    async with AdapterProcess(settings, tmp_path / "quiet") as adapter:
        await adapter.until_ready()
        metrics = await adapter.metric_lines()
    assert not [line for line in metrics if line.startswith("adapter_reports_total{")]
    assert await console.says("adapters", "No adapter has reported")


async def test_without_a_name_the_machine_and_the_port_are_one(
    platform: RunningControlPlane, console: Console, tmp_path: Path
) -> None:
    """So that two adapters of a machine differ."""
    async with AdapterProcess(settings_for(platform), tmp_path / "one") as adapter:
        port = adapter.address.rpartition(":")[2]
        await eventually(lambda: console.says("adapters", rf"\S+:{port} "))
        assert "reports_not_taken" not in adapter.log.read_text()
