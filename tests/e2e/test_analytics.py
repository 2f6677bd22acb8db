"""How requests end, as Envoy logs it and the platform shows it; the demo's story has the rest."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from adapter.envoy_config import render
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.installation import domain, envoy_before, route
from tests.rig.polling import eventually, until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

UNKNOWN_API = 99


async def test_every_request_is_one_event(upstream: Upstream, tmp_path: Path) -> None:
    """Also one whose client left, whose service was away, or that became a WebSocket."""
    async with running_control_plane(tmp_path) as platform:
        open_id = (await platform.admin.create_api("orders"))["id"]
        away_id = (await platform.admin.create_api("away"))["id"]
        closed_id = (await platform.admin.create_api("closed"))["id"]
        await platform.admin.apply_policy(closed_id, "no-such-policy", {}, allow_unknown=True)
        settings = settings_for(platform, analytics={"batch_age_s": 0.2})
        routes = [route(i, upstream.http_address) for i in (open_id, closed_id, UNKNOWN_API)]
        routes.append(route(away_id, "127.0.0.1:1"))
        async with (
            AdapterProcess(settings, tmp_path) as adapter,
            envoy_before([adapter], routes, tmp_path / "envoy") as envoy,
        ):
            await request(envoy.address, domain(open_id), "/orders?api_key=never-stored")
            await request(envoy.address, domain(away_id))
            await request(envoy.address, domain(closed_id))
            await request(envoy.address, domain(UNKNOWN_API))
            await leave_early(envoy.address, domain(open_id), upstream)
            await talk(envoy.url, domain(open_id))
            events: list[dict[str, Any]] = []

            async def five() -> bool:
                events[:] = await platform.admin.events(duration="1d")
                return len(events) >= 5

            await eventually(five)
            metrics = await adapter.metric_lines()
    assert sorted((e["API Name"], e["Status Code"], e["Request Outcome"]) for e in events) == [
        ("away", 503, "PROCESSED"),
        ("closed", 503, "BLOCKED"),
        ("orders", 101, "PROCESSED"),
        ("orders", 200, "PROCESSED"),
        ("orders", 499, "PROCESSED"),
    ]
    assert "never-stored" not in str(events)
    (unattributed,) = [line for line in metrics if line.startswith("adapter_entries_unattributed_")]
    assert unattributed.endswith(" 1.0")


async def test_requests_before_the_first_sync_are_counted(
    upstream: Upstream, tmp_path: Path
) -> None:
    """They are denied because nothing is loaded, and their route names the API."""
    async with running_control_plane(tmp_path) as platform:
        api_id = (await platform.admin.create_api("orders"))["id"]
        await platform.stop()
        settings = settings_for(platform, analytics={"batch_age_s": 0.2})
        async with (
            AdapterProcess(settings, tmp_path) as adapter,
            # Envoy does not wait until the adapter is healthy, which it is not yet.
            Envoy(
                envoy_binary(NEWEST),
                render(
                    envoy_config(
                        apis=(route(api_id, upstream.http_address),),
                        adapters=(adapter.address,),
                        log_flush_s=0.2,
                    )
                ),
                tmp_path / "envoy",
            ) as envoy,
        ):
            answer = await request(envoy.address, domain(api_id), "/orders?api_key=never-stored")
            assert (answer.status, answer.header("x-adapter-reason")) == (503, "not_ready")

            async def waiting() -> bool:
                lines = await adapter.metric_lines()
                return "adapter_events_waiting 1.0" in lines

            await eventually(waiting)
            await platform.start()
            events: list[dict[str, Any]] = []

            async def one() -> bool:
                events[:] = await platform.admin.events(duration="1d")
                return len(events) >= 1

            await eventually(one)
    (event,) = events
    seen = event["API Name"], event["Status Code"], event["Request Outcome"]
    assert seen == ("orders", 503, "BLOCKED")
    assert "never-stored" not in str(event)


async def leave_early(address: str, host: str, upstream: Upstream) -> None:
    """Go away when the service has the request's head and waits for its body."""
    before = upstream.requests
    name, _, port = address.rpartition(":")
    _, writer = await asyncio.open_connection(name, int(port))
    writer.write(f"POST / HTTP/1.1\r\nhost: {host}\r\ncontent-length: 9\r\n\r\n".encode())
    await until(lambda: upstream.requests > before)
    writer.close()
    await writer.wait_closed()


async def talk(url: str, host: str) -> None:
    """A WebSocket from its handshake to its end."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/socket", headers={"host": host}) as socket,
    ):
        await socket.send_str("hello")
        assert await socket.receive_str(timeout=10) == "hello"
