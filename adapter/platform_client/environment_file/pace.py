"""Lets Checks run while a thread reads a long file."""

import time
from typing import Final

from adapter.runtime.fairness import rest_after

_WORK_S: Final = 0.002
"""Work between two rests: as long as a few Checks take."""


class Pace:
    """Rests now and then, so that the thread works for `share` of the time.

    Without rests, the thread keeps the interpreter's lock from the event loop for milliseconds at
    each step of a Check. With a share of 1 it only offers the lock.
    """

    def __init__(self, share: float) -> None:
        self._share = share
        self._since = time.perf_counter()

    def step(self) -> None:
        """Call this after each small piece of work."""
        worked_s = time.perf_counter() - self._since
        if worked_s >= _WORK_S:
            time.sleep(rest_after(worked_s, self._share))
            self._since = time.perf_counter()
