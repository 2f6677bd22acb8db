"""Ends workers that hang, so that they start again."""

import signal
from typing import Final, NoReturn

import structlog

from adapter.runtime.clock import Clock
from adapter.workers.answers import WorkerAnswers
from adapter.workers.workers import Workers

_INTERVAL_S: Final = 5.0
_ANSWER_S: Final = 5.0
_MOST_MISSED: Final = 4


class WorkerWatch:
    """Asks each worker every few seconds, and kills one that misses four questions in a row.

    The parent answers `/healthz` even if a worker hangs, so no orchestrator would notice it.
    """

    def __init__(self, workers: Workers, clock: Clock) -> None:
        self._workers = workers
        self._clock = clock
        self._answers = WorkerAnswers(workers, lambda place: place.metrics)
        self._missed: dict[int, int] = {}
        """Questions in a row that a process did not answer, by its id."""

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            await self._clock.sleep(_INTERVAL_S)
            await self.look()

    async def look(self) -> None:
        """Ask all once."""
        answering = await self._answers.replies("/healthz", _ANSWER_S)
        missed: dict[int, int] = {}
        for worker in self._workers:
            pid = worker.pid
            if pid is None or worker.state != "running" or worker.place.number in answering:
                continue
            missed[pid] = self._missed.get(pid, 0) + 1
            if missed[pid] == _MOST_MISSED:
                structlog.get_logger().error("worker.hangs", worker=worker.place.number, pid=pid)
                worker.send(signal.SIGKILL)
        self._missed = missed
