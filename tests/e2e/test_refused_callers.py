"""Clients that the adapter does not let in, as its operator sees them."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import grpc
import pytest

from tests.rig.adapter_process import AdapterProcess, settings_for
from tests.rig.control_plane import running_control_plane

Ask: TypeAlias = Callable[..., Awaitable[bytes]]


async def test_log_metric_and_readiness_say_who_was_refused_and_why(tmp_path: Path) -> None:
    """A wrong token, and an access log for an adapter without analytics."""
    async with running_control_plane(tmp_path) as platform:
        settings = settings_for(
            platform,
            listener={"address": "127.0.0.1:0", "token": "the-right-token"},
            analytics={"enabled": False},
        )
        async with AdapterProcess(settings, tmp_path) as adapter:
            await adapter.until_ready()
            async with grpc.aio.insecure_channel(adapter.address) as channel:
                ask: Ask = channel.unary_unary("/envoy.service.auth.v3.Authorization/Check")
                with pytest.raises(grpc.aio.AioRpcError):
                    await ask(b"", metadata=(("x-adapter-token", "the-wrong-token"),))
            with pytest.raises(grpc.aio.AioRpcError):
                await adapter.report("1", 1)
            details = (await adapter.readiness())["details"]
            metrics = await adapter.metric_lines()
    assert details["refused unauthenticated"].startswith(
        "in the last 5 minutes 1 connections or calls were refused: unauthenticated; send "
    )
    assert "analytics.enabled" in details["refused unknown_method"]
    for kind in ("unauthenticated", "unknown_method"):
        assert f'adapter_transport_faults_total{{kind="{kind}"}} 1.0' in metrics
    log = adapter.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if "transport.caller_refused" in line]
    assert [line["kind"] for line in lines] == ["unauthenticated", "unknown_method"]
    assert lines[0]["peer"].startswith("127.0.0.1:")
    assert lines[1]["detail"].endswith("/StreamAccessLogs")
    assert "-token" not in log.replace("x-adapter-token", "")
