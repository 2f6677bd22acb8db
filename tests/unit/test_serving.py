"""When an adapter stops, and what signals do; tests/e2e has the processes."""

import asyncio
import os
import signal
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from adapter.app.endpoints import Endpoints
from adapter.app.serving import serve, serve_as_worker
from adapter.app.signals import reloading_on_hangup, stop_on_signals
from adapter.settings import Settings
from adapter.workers.place import WorkerPlace
from tests.rig.polling import until
from tests.unit.test_own_files import PLATFORM


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An adapter whose platform is down."""
    groups = {
        "platform": PLATFORM,
        "listener": {"address": f"unix:{tmp_path}/a"},
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": None},
        "shutdown": {"drain_s": 0, "deadline_s": 1},
    }
    return Settings.model_validate(groups)


def _has(items: Sequence[str], count: int) -> bool:
    return len(items) == count


async def test_signals_are_told_apart() -> None:
    """The first one stops, the next ones do what `again` says; SIGHUP reloads."""
    said: list[str] = []
    loop = asyncio.get_running_loop()
    stop_on_signals(lambda: said.append("stop"), again=lambda: said.append("again"))
    with reloading_on_hangup(lambda: said.append("reload")):
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGTERM):
            heard = len(said) + 1
            os.kill(os.getpid(), number)
            await until(partial(_has, said, heard))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.remove_signal_handler(number)
    assert said == ["reload", "stop", "again"]


async def test_an_adapter_stops_at_a_signal(settings: Settings) -> None:
    """It has announced where it was."""
    announced: list[Endpoints] = []
    running = asyncio.create_task(serve(settings, announced.append))
    await until(lambda: announced)
    os.kill(os.getpid(), signal.SIGTERM)
    await running
    assert announced[0].grpc == (settings.listener.address,)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


@pytest.mark.parametrize("number", [0, 1])
async def test_a_worker_stops_when_its_parent_has_ended(
    settings: Settings, tmp_path: Path, number: int
) -> None:
    """The pipe from it then has an end."""
    announced: list[Endpoints] = []
    read, write = os.pipe()
    place = WorkerPlace(number, tmp_path)
    running = asyncio.create_task(serve_as_worker(settings, place, announced.append, read))
    await until(lambda: announced)
    assert announced[0].metrics == f"unix:{place.metrics}"
    os.write(write, b"anything")
    os.close(write)
    await running
    os.close(read)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
