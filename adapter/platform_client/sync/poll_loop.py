"""Polls one thing again and again, and at once when asked."""

import asyncio
from collections.abc import Awaitable, Callable

from adapter.runtime.clock import Clock


class PollLoop:
    """A loop of polls. `poll` returns the seconds until the next one.

    `wanted` says whether to go on. Polls of one loop never overlap.
    """

    def __init__(
        self,
        poll: Callable[[], Awaitable[float]],
        clock: Clock,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._poll = poll
        self._clock = clock
        self._wanted = wanted
        self._asked: list[asyncio.Future[None]] = []
        self._sleeping: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Poll until cancelled, or no longer wanted."""
        try:
            while self._wanted():
                answered, self._asked = self._asked, []
                try:
                    wait_s = await self._poll()
                finally:
                    _resolve(answered)
                if not self._asked:
                    await self._pause(wait_s)
        finally:
            _resolve(self._asked)

    def now(self) -> "asyncio.Future[None]":
        """Poll as soon as possible; the future is done after a poll that began after this call.

        It is also done when the loop ends.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(asked)
        if self._sleeping is not None:
            self._sleeping.cancel()
        return asked

    async def _pause(self, seconds: float) -> None:
        """Wait that long, or until `now` is called."""
        self._sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((self._sleeping,))
        finally:
            self._sleeping.cancel()
            self._sleeping = None


def _resolve(asked: list["asyncio.Future[None]"]) -> None:
    for future in asked:
        if not future.done():
            future.set_result(None)
