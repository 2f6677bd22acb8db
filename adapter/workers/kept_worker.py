"""One worker that is started again whenever it ends."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NoReturn, Protocol

import structlog

from adapter.errors import ConfigurationError
from adapter.runtime.backoff import Backoff
from adapter.runtime.clock import Clock
from adapter.runtime.system_errors import system_words
from adapter.workers.place import WorkerPlace

_BAD_SETTINGS: Final = 2
"""The exit code of a worker that can't use its settings; it has printed why."""
_FIRST_DELAY_S: Final = 0.5
_LONGEST_DELAY_S: Final = 30.0
_STABLE_S: Final = 60.0
"""A worker that ran for so long starts again without much delay."""


class Process(Protocol):
    """A worker's process: see `WorkerProcess`."""

    @property
    def pid(self) -> int:
        """The id of the process."""

    async def endpoints(self) -> Mapping[str, Any] | None:
        """Its addresses, when it has bound them; None if it has ended before."""

    async def exit_code(self) -> int:
        """Wait for its end."""

    def send(self, number: signal.Signals) -> None:
        """Send it this signal."""


class KeptWorker:
    """A worker, and how it is doing."""

    def __init__(
        self, place: WorkerPlace, start: Callable[[], Awaitable[Process]], clock: Clock
    ) -> None:
        self.place = place
        self.state = "starting"
        """`starting`, `running`, or why it does not run."""
        self.restarts = 0
        self.endpoints: asyncio.Future[Mapping[str, Any]] = asyncio.Future()
        """Its addresses at the first start; ConfigurationError if it can't use its settings."""
        self._start = start
        self._clock = clock
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """The id of its process; None while it has none."""
        return self._process.pid if self._process is not None else None

    async def run(self) -> NoReturn:
        """Keep it running until cancelled, which leaves the process for `stop`."""
        backoff = Backoff(_FIRST_DELAY_S, _LONGEST_DELAY_S, random.random)
        while True:
            started = self._clock.monotonic()
            ended = await self._run_once()
            if self._clock.monotonic() - started > _STABLE_S:
                backoff.succeeded()
            await self._pause(ended, backoff.failed())

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self._process is not None:
            self._process.send(number)

    async def stop(self, deadline_s: float) -> None:
        """Have its process drain and end within the deadline, and then kill it.

        `run` must have been cancelled before, because it would start another one.
        """
        self.endpoints.cancel()
        process = self._process
        if process is None:
            return
        process.send(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.exit_code(), deadline_s)
        except TimeoutError:
            structlog.get_logger().error("worker.killed", worker=self.place.number)
            process.send(signal.SIGKILL)
            await process.exit_code()
        self._process = None

    async def _run_once(self) -> str:
        """Start it, and wait for its end; returns how it ended, in words."""
        try:
            process = self._process = await self._start()
        except OSError as e:
            return f"cannot be started: {system_words(e)}"
        found = await process.endpoints()
        if found is not None:
            self.state = "running"
            if not self.endpoints.done():
                self.endpoints.set_result(found)
        code = await process.exit_code()
        self._process = None
        if code == _BAD_SETTINGS and not self.endpoints.done():
            self.endpoints.set_exception(
                ConfigurationError(f"worker {self.place.number} cannot start; see above")
            )
        return ended_words(code)

    async def _pause(self, ended: str, wait_s: float) -> None:
        self.restarts += 1
        self.state = f"{ended}; starts again in {wait_s:.1f} s"
        structlog.get_logger().error(
            "worker.ended", worker=self.place.number, how=ended, wait_s=round(wait_s, 1)
        )
        await self._clock.sleep(wait_s)
        self.state = "starting"


def ended_words(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        return f"ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"ended by signal {-code}"
