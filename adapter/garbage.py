"""Keeps the garbage collector off the Check path.

A snapshot may hold millions of objects, none of which is part of a cycle: reference counting frees
them. A full collection that looks at them all would stall every Check for hundreds of
milliseconds and find nothing.
"""

import gc
from typing import Final

_THRESHOLDS: Final = (50_000, 20, 1_000)
"""So that young objects are looked at now and then, and everything almost never."""


def settle() -> None:
    """Look at young objects once, then put all that is alive out of the collector's sight."""
    gc.collect(1)
    gc.freeze()


def calm() -> None:
    """Collect seldom from now on; to be called once, when the process has started."""
    gc.set_threshold(*_THRESHOLDS)
    settle()
