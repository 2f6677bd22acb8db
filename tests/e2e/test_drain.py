"""Stopping one of two adapters under load."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from envoy.service.accesslog.v3.als_pb2 import StreamAccessLogsMessage

from support.defaults import server_options
from support.upstream import Upstream
from tests.e2e.conftest import APIS, TOKEN, config_for
from tests.rig.adapters import TRANSPORTS, AdapterInProcess, CollectedLogs, Transport
from tests.rig.envoy import Envoy
from tests.rig.polling import until

pytestmark = pytest.mark.asyncio(loop_scope="session")

GRACEFUL = server_options(drain_s=1.5, stream_end_s=1.0, stop_s=3)


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_no_request_is_lost(
    binary: Path, upstream: Upstream, tmp_path: Path, transport: Transport
) -> None:
    """An adapter that stops takes no request and no access log entry with it."""
    logs = CollectedLogs()
    how: dict[str, Any] = {"transport": transport, "token": TOKEN, "options": GRACEFUL}
    async with (
        AdapterInProcess(APIS, logs=logs, **how) as one,
        AdapterInProcess(APIS, logs=logs, **how) as other,
    ):
        config = config_for(upstream, one.address, other.address)
        async with Envoy(binary, config, tmp_path) as envoy:
            stopped = asyncio.Event()
            clients = [asyncio.create_task(_client(envoy.url, stopped)) for _ in range(4)]
            await until(lambda: logs.opened and one.observed.decisions)
            await one.server.drain_and_stop()
            decided = len(other.observed.decisions)
            await until(lambda: len(other.observed.decisions) > decided + 50)
            stopped.set()
            statuses = [status for client in clients for status in await client]
            await until(lambda: _logged(logs.messages) >= len(statuses))
        assert set(statuses) == {200}
        assert _logged(logs.messages) == len(statuses)
    assert logs.finished == logs.opened


async def _client(url: str, stopped: asyncio.Event) -> list[int]:
    statuses = []
    async with aiohttp.ClientSession(headers={"host": "open.test"}) as session:
        while not stopped.is_set():
            async with session.get(url) as answer:
                statuses.append(answer.status)
    return statuses


def _logged(messages: Iterable[bytes]) -> int:
    """How many entries name the API that our dynamic metadata told Envoy."""
    entries = (
        entry
        for message in messages
        for entry in StreamAccessLogsMessage.FromString(message).http_logs.log_entry
    )
    records = (e.common_properties.metadata.filter_metadata for e in entries)
    return sum(r["envoy.filters.http.ext_authz"]["api"].startswith("open|") for r in records)
