"""Compresses what is uploaded; Checks run in between.

It is not compressed in a thread. On a machine with few cores the system lets such a thread run for
milliseconds while the event loop's thread waits for the same core.
"""

import zlib
from collections.abc import Sequence
from typing import Final

from adapter.runtime.fairness import in_slices

_GZIP_LEVEL: Final = 1
"""Level 6 takes twice the CPU for uploads that are a sixth smaller (measured)."""
_SLICE: Final = 8
"""Events to compress at once: they take as long as a few Checks (measured)."""
_SLICE_BYTES: Final = 4096
"""About as much as those events have."""


async def gzip_array(events: Sequence[bytes]) -> bytes:
    """The events as a compressed JSON array."""
    gzip = _compressor()
    parts = []
    separator = b"["
    async for some in in_slices(events, _SLICE):
        parts.append(gzip.compress(separator + b",".join(some)))
        separator = b","
    return b"".join((*parts, gzip.compress(b"]"), gzip.flush()))


async def gzipped(octets: bytes) -> bytes:
    """The same octets, compressed."""
    gzip = _compressor()
    view = memoryview(octets)
    starts = range(0, len(octets), _SLICE_BYTES)
    parts = [
        gzip.compress(view[start : start + _SLICE_BYTES]) async for (start,) in in_slices(starts, 1)
    ]
    return b"".join((*parts, gzip.flush()))


def _compressor() -> "zlib._Compress":
    return zlib.compressobj(_GZIP_LEVEL, wbits=zlib.MAX_WBITS | 16)
