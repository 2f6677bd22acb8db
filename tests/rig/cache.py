"""The repository's cache of what tests install and build."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache"


@contextmanager
def filling_cache() -> Iterator[None]:
    """Let one process at a time add to the cache, because tests run in several."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "filling.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
