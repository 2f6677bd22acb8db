"""So that the sync, whatever comes in at once, holds up no Check for long."""

import asyncio


class LoopTurns:
    """Gives out turns for steps that take milliseconds: one in an iteration of the event loop.

    Without it as many answers of the platform as arrive together would be read one after the other
    while Checks wait.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def wait(self) -> None:
        """Return when the next step may run: now, up to the caller's next `await`."""
        async with self._lock:
            await asyncio.sleep(0)
