"""The parent of several workers, made from the settings."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from adapter.app.endpoints import Endpoints
from adapter.app.listener_metrics import observe_operators
from adapter.app.signals import reloading_on_hangup, stop_on_signals
from adapter.operations.listener import OperatorListener
from adapter.operations.probes import probe_routes
from adapter.runtime.clock import Clock, SystemClock
from adapter.runtime.supervision import Supervisor
from adapter.runtime.version import program_version
from adapter.settings import Settings
from adapter.settings.workers import dumped, worker_settings
from adapter.telemetry.metrics import Metrics
from adapter.workers.inspection import WorkerInspection
from adapter.workers.kept_worker import KeptWorker
from adapter.workers.place import WorkerPlace
from adapter.workers.probes import WorkerProbes
from adapter.workers.process import WorkerProcess
from adapter.workers.watch import WorkerWatch
from adapter.workers.workers import Workers

_MORE_S: Final = 5.0
"""Time for what a worker's stop does beside its two deadlines."""


class Parent:
    """Starts the workers, and answers operators for all of them. It decides no Check itself.

    `directory` is a directory that only this user can enter, for the sockets between the processes.
    """

    def __init__(self, settings: Settings, directory: Path, clock: Clock) -> None:
        self._settings = settings
        self._metrics = Metrics()
        places = [WorkerPlace(number, directory) for number in range(settings.workers)]
        self._supervisor = Supervisor(
            clock, lambda task: self._metrics.add("adapter_task_crashes", task=task)
        )
        self._workers = Workers(
            [KeptWorker(place, partial(_start, settings, place), clock) for place in places],
            self._supervisor,
        )
        self._watch = WorkerWatch(self._workers, clock)
        self._listeners = self._make_listeners(clock)
        workers = self._workers
        self._metrics.observe("adapter_workers", lambda: workers.by_state)
        self._metrics.observe("adapter_worker_restarts", lambda: {(): workers.restarts})
        observe_operators(self._metrics, self._listeners)

    async def start(self) -> Endpoints:
        """Start all; raises ConfigurationError if an address or a worker's settings are unusable.

        Operators are answered from the beginning, so that they see what a worker waits for.
        """
        for listener in self._listeners:
            listener.bind()
        metrics, *inspection = [await listener.start() for listener in self._listeners]
        self._supervisor.start("watch", self._watch.run)
        found = await self._workers.start()
        grpc = tuple(address for endpoints in found for address in endpoints["grpc"])
        structlog.get_logger().info("workers.started", workers=len(found), grpc=grpc)
        return Endpoints(grpc, metrics, next(iter(inspection), None))

    def reload(self) -> None:
        """Have all workers reload certificates and sync."""
        self._workers.send(signal.SIGHUP)

    def kill(self) -> None:
        """Do not wait any longer for workers that stop."""
        self._workers.send(signal.SIGKILL)

    async def stop(self) -> None:
        """Have all workers drain and stop within the deadlines of the settings."""
        shutdown = self._settings.shutdown
        structlog.get_logger().info("workers.stopping")
        await self._workers.stop(shutdown.drain_s + 2 * shutdown.deadline_s + _MORE_S)
        for listener in self._listeners:
            await listener.stop()
        structlog.get_logger().info("workers.stopped")

    def _make_listeners(self, clock: Clock) -> tuple[OperatorListener, ...]:
        observability = self._settings.observability
        probes = WorkerProbes(self._workers, self._metrics.render)
        routes = probe_routes(
            render_metrics=probes.render_metrics,
            readiness=probes.readiness,
            crashed_tasks=probes.crashed_tasks,
            version=program_version(),
        )
        listeners = [OperatorListener(observability.metrics_address, routes, clock)]
        if (address := observability.inspection_address) is not None:
            inspection = WorkerInspection(self._workers).routes()
            listeners.append(OperatorListener(address, inspection, clock, any_host=False))
        return tuple(listeners)


async def serve_workers(settings: Settings, announce: Callable[[Endpoints], None]) -> None:
    """Run the workers until SIGTERM or SIGINT. A second signal kills them at once."""
    stopping = asyncio.Event()
    with tempfile.TemporaryDirectory(prefix="policy-adapter-") as directory:
        parent = Parent(settings, Path(directory), SystemClock())
        stop_on_signals(stopping.set, again=parent.kill)
        with reloading_on_hangup(parent.reload):
            try:
                endpoints = await _started(parent, stopping)
                if endpoints is not None:
                    announce(endpoints)
                    await stopping.wait()
            finally:
                await parent.stop()


async def _started(parent: Parent, stopping: asyncio.Event) -> Endpoints | None:
    """The addresses, when all workers have started; None if it has to stop before."""
    starting = asyncio.create_task(parent.start())
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait((starting, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    if starting.done():
        return starting.result()
    starting.cancel()
    return None


async def _start(settings: Settings, place: WorkerPlace) -> WorkerProcess:
    """A worker's process. Without the directory of this one in the path of its imports (`-P`)."""
    number = ("--number", str(place.number))
    where = ("--directory", str(place.directory))
    command = (sys.executable, "-P", "-m", "adapter", "worker", *number, *where)
    return await WorkerProcess.start(command, dumped(worker_settings(settings, place.number)))
