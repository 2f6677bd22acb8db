# mypyc: compiled
"""Ids of decisions: what a client, Envoy's access log and the platform's pages call one of them."""

import secrets
from typing import Final

from adapter.runtime.clock import WallTime

_COUNTS: Final = 0xFFF
"""The count in an id begins again after so many ids: 4 million a second are different."""


class DecisionIds:
    """Makes the ids of one process."""

    def __init__(self) -> None:
        self._process: Final = secrets.token_hex(3)
        """Distinguishes the ids of processes."""
        self._count = 0

    def new(self, now: WallTime) -> str:
        """Return the next id.

        Example: `019ac8f1b2d4f7a3e001c`. It has the time in milliseconds (11 hexadecimal digits),
        the process (6) and a count (3), so that ids sort by time.
        """
        self._count = (self._count + 1) & _COUNTS
        return f"{int(now * 1000):011x}{self._process}{self._count:03x}"
