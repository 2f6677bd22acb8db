"""All workers of one parent."""

import asyncio
import signal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapter.runtime.supervision import Supervisor
from adapter.workers.kept_worker import KeptWorker


class Workers:
    """Starts, reloads and stops the workers together."""

    def __init__(self, workers: Sequence[KeptWorker], supervisor: Supervisor) -> None:
        self._workers = tuple(workers)
        self._supervisor = supervisor

    def __iter__(self) -> Iterator[KeptWorker]:
        return iter(self._workers)

    @property
    def restarts(self) -> int:
        """How often a worker had to be started again."""
        return sum(worker.restarts for worker in self._workers)

    @property
    def by_state(self) -> Mapping[tuple[str, ...], int]:
        """How many workers run, and how many do not."""
        running = sum(worker.state == "running" for worker in self._workers)
        return {("running",): running, ("down",): len(self._workers) - running}

    async def start(self) -> list[Mapping[str, Any]]:
        """Start all, and return their addresses.

        Raises ConfigurationError if one of them can't use its settings.
        """
        for worker in self._workers:
            self._supervisor.start(f"worker {worker.place.number}", worker.run)
        return list(await asyncio.gather(*(worker.endpoints for worker in self._workers)))

    def send(self, number: signal.Signals) -> None:
        """Send a signal to each."""
        for worker in self._workers:
            worker.send(number)

    async def stop(self, deadline_s: float) -> None:
        """Have all drain and end within the deadline; kill those that do not."""
        await self._supervisor.stop()
        await asyncio.gather(*(worker.stop(deadline_s) for worker in self._workers))
