"""Runs an adapter until it is told to stop."""

import asyncio
import os
from collections.abc import Callable

from adapter.app.adapter import Adapter
from adapter.app.endpoints import Endpoints
from adapter.app.signals import reloading_on_hangup, stop_on_signals
from adapter.settings import Settings
from adapter.workers.place import WorkerPlace


async def serve(settings: Settings, announce: Callable[[Endpoints], None]) -> None:
    """Run an adapter until SIGTERM or SIGINT. A second signal ends the process at once.

    SIGHUP never ends it: see `Adapter.reload`.
    """
    stopping = asyncio.Event()
    stop_on_signals(stopping.set)
    await _run(Adapter(settings), announce, stopping)


async def serve_as_worker(
    settings: Settings, place: WorkerPlace, announce: Callable[[Endpoints], None], parent: int
) -> None:
    """The same for a worker. `parent` is a pipe whose end says that the parent has ended.

    A second signal does nothing, because a service manager may send one to all processes beside
    that of the parent. The parent kills a worker that does not stop.
    """
    stopping = asyncio.Event()
    stop_on_signals(stopping.set, again=stopping.set)
    loop = asyncio.get_running_loop()

    def parent_said() -> None:
        if not os.read(parent, 1):
            loop.remove_reader(parent)
            stopping.set()

    loop.add_reader(parent, parent_said)
    await _run(Adapter(settings, place=place), announce, stopping)


async def _run(
    adapter: Adapter, announce: Callable[[Endpoints], None], stopping: asyncio.Event
) -> None:
    with reloading_on_hangup(adapter.reload):
        endpoints = await adapter.start()
        try:
            announce(endpoints)
            await stopping.wait()
        finally:
            await adapter.stop()
