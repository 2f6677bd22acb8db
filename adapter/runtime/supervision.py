"""Runs named background tasks, and restarts those that crash."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from adapter.runtime.backoff import Backoff
from adapter.runtime.clock import Clock

_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0


@dataclass(frozen=True, slots=True)
class TaskHealth:
    """Whether a background task runs, and how often it crashed."""

    running: bool
    crashes: int
    last_error: str = ""


class Supervisor:
    """Keeps tasks running: one that crashes or ends is logged, counted and started again.

    `crashed` is called with the task's name after each crash.
    """

    def __init__(self, clock: Clock, crashed: Callable[[str], None]) -> None:
        self._clock = clock
        self._crashed = crashed
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._health: dict[str, TaskHealth] = {}
        self._log = structlog.get_logger()

    @property
    def health(self) -> Mapping[str, TaskHealth]:
        """The health of each task, by name."""
        return dict(self._health)

    def start(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run `run()` in the background under that name, until `stop`."""
        self._health[name] = TaskHealth(running=True, crashes=0)
        self._tasks[name] = asyncio.create_task(self._guard(name, run), name=name)

    async def stop(self, *names: str) -> None:
        """Cancel the named tasks, or all if none is named, and wait until they have ended."""
        chosen = [self._tasks.pop(name) for name in names or tuple(self._tasks)]
        for task in chosen:
            task.cancel()
        await asyncio.gather(*chosen, return_exceptions=True)

    async def _guard(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        backoff = Backoff(_FIRST_DELAY_S, _LONGEST_DELAY_S, random.random)
        while True:
            started = self._clock.monotonic()
            try:
                await run()
                error = "the task ended, but it should run until it is stopped"
            except Exception as e:
                error = f"{type(e).__name__}: {e}"
                self._log.exception("task.crashed", task=name)
            if self._clock.monotonic() - started > _LONGEST_DELAY_S:
                backoff.succeeded()
            self._note_crash(name, error)
            await self._clock.sleep(backoff.failed())
            self._health[name] = TaskHealth(True, self._health[name].crashes, error)

    def _note_crash(self, name: str, error: str) -> None:
        self._health[name] = TaskHealth(False, self._health[name].crashes + 1, error)
        self._crashed(name)
        self._log.error("task.restarting", task=name, error=error)
