"""The demo is a promise; here it is kept."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from support.admin import Admin
from support.processes import Program
from tests.rig.polling import eventually, until

DEMO = (sys.executable, "-m", "demo")


async def test_the_story_goes_as_told(tmp_path: Path) -> None:
    """`make demo` ends with success, and `--endpoints` tells scripts where everything is."""
    endpoints = tmp_path / "endpoints.json"
    demo = Program("demo", (*DEMO, "--endpoints", str(endpoints)), tmp_path / "demo.log")
    await demo.start()
    await demo.until_exit()
    assert "All observations are as expected." in demo.log.read_text()
    found = json.loads(endpoints.read_text())
    assert found["addresses"]["envoy"].startswith("http://127.0.0.1:")
    assert set(found["applications"]) == {"Mobile", "Partner", "Stranger"}
    assert endpoints.stat().st_mode & 0o077 == 0


async def test_what_differs_is_told_and_what_was_kept_can_be_tried(tmp_path: Path) -> None:
    """Headers under another prefix: `--keep` leaves all running; Ctrl-C ends it, with 1."""
    endpoints, log = tmp_path / "endpoints.json", tmp_path / "demo.log"
    async with broken_demo(log, "--keep", "--endpoints", str(endpoints)) as demo:
        await until(
            lambda: demo.returncode is not None or "Press Ctrl-C to stop" in log.read_text(),
            deadline_s=180,  # the whole story, on a machine with other work
        )
        told = log.read_text()
        assert "Observations that differ from what was expected: 5." in told
        found = json.loads(endpoints.read_text())
        assert running(found) == set(found["pids"])
        await try_out(found, told)
        await until_the_dashboard_lives(found)
        demo.send_signal(signal.SIGINT)
        assert await demo.wait() == 1
    assert running(found) == set()


def running(found: Any) -> set[str]:
    """Which of the demo's programs are there."""
    return {name for name, pid in found["pids"].items() if Path(f"/proc/{pid}").exists()}


async def try_out(found: Any, told: str) -> None:
    """What the demo invites to."""
    where, partner = found["addresses"], found["applications"]["Partner"]
    credentials = {name: partner[name] for name in ("client_id", "client_secret")}
    api = f"{where['envoy']}/orders/1"
    async with httpx.AsyncClient(trust_env=False) as client:
        for url, headers, status in (
            (api, {}, 401),
            (api, credentials, 200),
            (f"{where['inspection']}/apis/{found['api_id']}", {}, 200),
            (f"{where['metrics']}/readyz", {}, 200),
        ):
            assert url in told
            assert (await client.get(url, headers=headers)).status_code == status


async def until_the_dashboard_lives(found: Any) -> None:
    """The platform gets events of requests that no step sends: traffic goes on by itself."""
    async with Admin(found["addresses"]["platform"], found["platform_credentials"]) as admin:

        async def arrived() -> bool:
            events = await admin.events(duration="1d", maxResults=1_000)
            return any(event["Verb"] == "POST" for event in events)

        await eventually(arrived)


@asynccontextmanager
async def broken_demo(log: Path, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A demo whose adapter calls the identity headers otherwise than the story expects."""
    setting = {"POLICY_ADAPTER_REQUESTS__IDENTITY_HEADER_PREFIX": "x-other-"}
    with log.open("wb") as output:
        demo = await asyncio.create_subprocess_exec(
            *DEMO, *arguments, stdout=output, stderr=output, env=os.environ | setting
        )
    try:
        yield demo
    finally:
        if demo.returncode is None:
            demo.terminate()
            await demo.wait()
