"""Threads that hash the secrets of logins, separate from the threads of other requests."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from control_plane.errors import TooManyLogins

Result = TypeVar("Result")

_RETRY_AFTER_S = 2


class HashingPool:
    """Runs a few hashes at a time, lets a few more wait, and refuses the rest at once.

    A hash takes tens of milliseconds and 16 MiB. The limits protect other requests from a flood of
    logins, which would take processors, memory and threads.
    """

    def __init__(self, *, threads: int = 1, max_waiting: int = 16) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="hashing")
        self._free = threads + max_waiting

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns; raise TooManyLogins if the queue is full."""
        if not self._free:
            raise TooManyLogins("too many logins at once; try again", _RETRY_AFTER_S)
        self._free -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._free += 1

    def close(self) -> None:
        """End the threads; hashes that wait are dropped."""
        self._threads.shutdown(wait=False, cancel_futures=True)
