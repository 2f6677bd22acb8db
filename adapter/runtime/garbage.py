"""Keeps the garbage collector off the Check path.

A snapshot may hold millions of objects. None of them is part of a reference cycle, so reference
counting frees them. A full collection would look at all of them, stop every Check for hundreds of
milliseconds, and find nothing.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_THRESHOLDS: Final = (1_000, 3, 100_000)
"""Young objects are collected a few thousand at a time, which takes one or two milliseconds at
most. A full collection never happens."""


def settle() -> None:
    """Collect young objects once, then freeze all live objects."""
    if gc.isenabled():
        gc.collect(1)
    gc.freeze()


def calm() -> None:
    """Make collections rare. Call it once, when the process starts."""
    gc.set_threshold(*_THRESHOLDS)
    settle()


@contextmanager
def nothing_to_collect() -> Iterator[None]:
    """Disable the collector while very many objects are made that will stay, and freeze them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
