"""Keeps the garbage collector off the Check path.

A snapshot may hold millions of objects, none of which is part of a cycle: reference counting frees
them. A full collection that looks at them all would stall every Check for hundreds of
milliseconds and find nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (1_000, 3, 100_000)
"""So that young objects are looked at some thousands at a time, which takes one or two
milliseconds at most, and everything never. `settle` finds no more than that, either."""


def settle() -> None:
    """Look at young objects once, then put all that is alive out of the collector's sight."""
    if gc.isenabled():
        gc.collect(1)
    gc.freeze()


def calm() -> None:
    """Collect seldom from now on; to be called once, when the process has started."""
    gc.set_threshold(*_THRESHOLDS)
    settle()


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """While very many objects are made that will stay: looking at them would be in vain."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
