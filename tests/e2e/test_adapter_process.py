"""One adapter process through its life: start, outage, restart, stop."""

import asyncio
import grp
import json
import os
import signal
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.runtime.compiled import BUILD
from adapter.runtime.version import program_version
from support.processes import Program
from tests.rig.adapter_process import COMMAND, AdapterProcess, settings_for
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.polling import eventually

DENIED_UNREADY = "not_ready"


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A platform with one API that asks for a client id."""
    async with running_control_plane(tmp_path) as platform:
        api = await platform.admin.create_api("orders")
        await platform.admin.apply_policy(api["id"], "client-id-enforcement", {})
        yield platform


def reason(response: Any) -> str:
    """Why a Check was denied; empty if it was not."""
    headers = {o.header.key: o.header.value for o in response.denied_response.headers}
    return str(headers.get("x-adapter-reason", ""))


async def test_without_the_platform_nothing_is_allowed(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """Before the first sync every request is denied with 503, and operators see why."""
    await platform.stop()
    async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
        response = await adapter.check("1", {"client_id": "x"})
        assert response.status.code != 0
        assert response.denied_response.status.code == 503
        assert reason(response) == DENIED_UNREADY
        readiness = await adapter.readiness()
        assert not readiness["ready"]
        assert "waiting for" in readiness["details"]
        await platform.start()

        async def decided() -> bool:
            return reason(await adapter.check("1")) == "credentials_missing"

        await eventually(decided)


async def test_the_version_shows_wherever_operators_look(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """In the first log line, in the metrics and in the answer of the probe."""
    async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
        version = program_version()
        assert (await adapter.readiness())["version"] == version
        info = f'adapter_build_info{{build="{BUILD}",version="{version}"}} 1.0'
        assert info in await adapter.metric_lines()
        (started,) = [s for s in adapter.log.read_text().splitlines() if "adapter.started" in s]
        assert json.loads(started)["version"] == version


@pytest.mark.parametrize(
    ("mode", "expected"), [("flexible", "credentials_missing"), ("strict", DENIED_UNREADY)]
)
async def test_a_restart_without_the_platform(
    platform: RunningControlPlane, tmp_path: Path, mode: str, expected: str
) -> None:
    """The disk copy serves, unless the operator wants the platform's own word."""
    settings = settings_for(
        platform, disk_copy={"directory": str(tmp_path / "disk")}, gatekeeper={"mode": mode}
    )
    async with AdapterProcess(settings, tmp_path / "first") as adapter:
        await adapter.until_ready()
    await platform.stop()
    async with AdapterProcess(settings, tmp_path / "second") as adapter:
        assert reason(await adapter.check("1")) == expected
        sync = await adapter.inspect("/sync")
        assert sync["apis"][0]["origin"] == "disk"


async def test_what_is_loaded_shows_and_holds_no_secret(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """Operators see APIs, policies, contracts and strangers; nobody sees a secret."""
    admin = platform.admin
    application = await admin.create_application("Shop")
    await admin.request_contract(1, application["id"])
    async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
        await adapter.until_ready()
        credentials = {"client_id": application["clientId"]}
        assert (await adapter.check("1", credentials)).status.code == 0
        assert reason(await adapter.check("99")) == "api_unknown"
        shown = [
            await adapter.inspect(path)
            for path in ("/apis?limit=1", "/apis/1", "/apis/1/contracts", "/sync", "/discovered")
        ]
        apis, api, contracts, _, discovered = shown
        assert apis["total"] == 1
        assert [p["policy_type"] for p in api["policies"]] == ["client-id-enforcement"]
        assert contracts["items"][0]["client_name"] == "Shop"
        assert discovered["items"] == [{"authority": "api.test", "route": "", "requests": 1}]
        metrics = await adapter.metric_lines()
        assert 'adapter_decisions_total{api="1",outcome="allowed"} 1.0' in metrics
        assert 'adapter_contracts{state="active"} 1.0' in metrics
    everything = str(shown) + str(metrics) + adapter.log.read_text()
    assert application["clientSecret"] not in everything
    assert platform.credentials.gateway_client_secret not in everything


async def test_a_stop_loses_no_event(platform: RunningControlPlane, tmp_path: Path) -> None:
    """What Envoy has reported is on the platform when SIGTERM has done its work."""
    settings = settings_for(platform, analytics={"batch_age_s": 3600})
    async with AdapterProcess(settings, tmp_path) as adapter:
        await adapter.until_ready()
        await adapter.report("1", requests=250)
    events = await platform.admin.events(duration="1d")
    assert len(events) == 250
    assert {event["API Name"] for event in events} == {"orders"}


async def test_events_that_do_not_get_through_are_an_alarm(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """The operator reads that analytics wait, and why, while Checks are answered as before."""
    settings = settings_for(platform, analytics={"batch_age_s": 0.1})
    async with AdapterProcess(settings, tmp_path) as adapter:
        await adapter.until_ready()
        await platform.stop()
        await adapter.report("1", requests=3)

        async def alarmed() -> bool:
            return "events upload" in (await adapter.readiness())["details"]

        await eventually(alarmed)
        assert reason(await adapter.check("1")) == "credentials_missing"
        await platform.start()
    assert len(await platform.admin.events(duration="1d")) == 3


async def test_a_policy_that_cannot_be_enforced_closes_its_api_alone(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """An unknown policy type: 503 with a reason, named in readiness; other APIs are as before."""
    other = await platform.admin.create_api("stock")
    async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
        await adapter.until_ready()
        await platform.admin.apply_policy(
            other["id"], "xml-threat-protection", {"maxNodeDepth": 3}, allow_unknown=True
        )

        async def closed() -> bool:
            return reason(await adapter.check(str(other["id"]))) == "api_closed"

        await eventually(closed)
        assert reason(await adapter.check("1")) == "credentials_missing"
        details = (await adapter.readiness())["details"]
        assert "xml-threat-protection" in details[f"api {other['id']}"]


async def test_wrong_gateway_credentials_are_an_alarm(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """The operator reads which credentials are wrong, and no request is let through."""
    settings = settings_for(platform)
    settings["platform"]["client_secret"] = "not-the-secret"
    async with AdapterProcess(settings, tmp_path) as adapter:

        async def alarmed() -> bool:
            return any("alarm" in detail for detail in (await adapter.readiness())["details"])

        await eventually(alarmed)
        alarms = str((await adapter.readiness())["details"])
        assert "check platform.client_id and platform.client_secret" in alarms
        assert "not-the-secret" not in alarms
        assert reason(await adapter.check("1")) == DENIED_UNREADY


async def run(directory: Path, *arguments: str) -> tuple[int, str]:
    """Exit code and output of a command."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *arguments,
        cwd=directory,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


async def test_bad_settings_end_the_start_with_all_faults(tmp_path: Path) -> None:
    """Exit code 2 and a line for each fault, not a traceback."""
    (tmp_path / "bad.yaml").write_text("platform: {base_url: nowhere}\nlisten: {}\n")
    for command in ("serve", "check-config"):
        code, output = await run(tmp_path, command, "--config", "bad.yaml")
        assert code == 2
        assert "Traceback" not in output
        for fault in ("listen: unknown", "platform.base_url", "platform.client_secret"):
            assert fault in output


async def refused(directory: Path, settings: Any, *arguments: str) -> str:
    """What the command says of settings that it cannot start with: exit code 2, no traceback."""
    (directory / "refused.yaml").write_text(yaml.safe_dump(settings))
    code, output = await run(directory, "serve", "--config", "refused.yaml", *arguments)
    assert code == 2
    assert "Traceback" not in output
    return output


async def test_an_address_in_use_is_named(platform: RunningControlPlane, tmp_path: Path) -> None:
    """A second adapter on the same port says so."""
    async with AdapterProcess(settings_for(platform), tmp_path) as adapter:
        settings = settings_for(platform, listener={"address": adapter.address})
        assert adapter.address in await refused(tmp_path, settings)


async def test_a_unix_socket_is_for_whom_the_operator_says(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """Mode and group are those of the settings; the socket goes with its process."""
    socket, group = tmp_path / "adapter.sock", grp.getgrgid(os.getgid()).gr_name
    listener = {"address": f"unix:{socket}", "socket_mode": "0620", "socket_group": group}
    async with AdapterProcess(settings_for(platform, listener=listener), tmp_path) as adapter:
        await adapter.until_ready()
        assert stat.S_IMODE(socket.stat().st_mode) == 0o620
        assert reason(await adapter.check("1")) == "credentials_missing"
    assert not socket.exists()


@pytest.mark.parametrize(
    ("listener", "named"),
    [
        ({"socket_group": "no-such-group"}, "no-such-group"),
        ({"address": "unix:/nonexistent/adapter.sock"}, "the directory /nonexistent does not"),
        (
            {"tls_certificate_file": "/nonexistent/own.pem", "tls_key_file": "x"},
            "/nonexistent/own.pem",
        ),
    ],
)
async def test_a_listener_that_cannot_be_had_is_named(
    platform: RunningControlPlane, tmp_path: Path, listener: dict[str, str], named: str
) -> None:
    """Whether it is its place, its group or its certificate that is not there."""
    defaults = {"address": f"unix:{tmp_path / 'adapter.sock'}"}
    assert named in await refused(tmp_path, settings_for(platform, listener=defaults | listener))


async def test_addresses_that_cannot_be_told_are_an_error(
    platform: RunningControlPlane, tmp_path: Path
) -> None:
    """Otherwise a process that waits for the file would never continue."""
    arguments = ("--endpoints", "/nonexistent/file")
    output = await refused(tmp_path, settings_for(platform), *arguments)
    assert "cannot write /nonexistent/file" in output


async def test_a_stop_during_the_start_is_clean(tmp_path: Path) -> None:
    """SIGTERM while the platform hangs ends the process with 0, and soon."""
    (tmp_path / "adapter.yaml").write_text(
        "platform: {base_url: 'http://127.0.0.1:9', organization_id: o, environment_id: e,"
        " client_id: c, client_secret: s}\n"
        "listener: {address: '127.0.0.1:0'}\n"
        "shutdown: {drain_s: 0}\n"
        "observability: {metrics_address: '127.0.0.1:0', inspection_address: null}\n"
    )
    command = (COMMAND, "serve", "--config", str(tmp_path / "adapter.yaml"))
    program = Program("adapter", command, tmp_path / "log")

    async def started() -> bool:
        return "adapter.started" in program.log.read_text()

    await program.start()
    await program.until(started)
    await program.stop(signal.SIGTERM)
    assert "adapter.stopped" in program.log.read_text()
    assert "Traceback" not in program.log.read_text()
