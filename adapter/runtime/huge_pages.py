"""Moves a large heap to huge pages while the adapter serves.

A Check reads a few dozen objects, anywhere in a snapshot of hundreds of megabytes. With pages of
4 KiB almost every read needs entries of page tables that are not in the processor's caches. With
pages of 2 MiB they are. Python allocates memory in pieces that are too small for huge pages, so the
pages are made afterwards, by madvise(2) with MADV_COLLAPSE (Linux 6.1).
"""

import asyncio
import ctypes
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

import structlog

from adapter.runtime.clock import Clock
from adapter.runtime.fairness import rest_after

_MADV_COLLAPSE: Final = 25
_PAGE: Final = 2 * 1024 * 1024
_WORTH_IT: Final = 32
"""Least number of pages. With less memory, the page tables fit into the caches."""
_MAPS: Final = Path("/proc/self/maps")
_INTERVAL_S: Final = 60.0
_SHARE: Final = 1 / 300
"""The part of the time in which pages are made. A page takes some milliseconds, in which the event
loop may have to wait for memory or for the core. Without rests, Checks waited for up to 50 ms
(measured). With this share, far less than one Check in a hundred waits at all."""
_LONGEST_REST_S: Final = 5.0
"""A page may seem to take very long, because the machine was suspended meanwhile."""


class HugePages:
    """Checks once a minute whether the heap has grown, and makes huge pages if so. For Linux.

    A heap that changed without growing needs none: Python reuses its memory, huge pages included.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = 0
        """Pages that fitted into the heap at the last look."""

    async def run(self) -> NoReturn:
        """Run until cancelled. Makes one page at a time, and rests after each."""
        while True:
            await self._clock.sleep(_INTERVAL_S)
            pages = await asyncio.to_thread(self._grown)
            made = 0
            for page in pages:
                began = self._clock.monotonic()
                made += await asyncio.to_thread(_collapse, page)
                took_s = self._clock.monotonic() - began
                await self._clock.sleep(min(rest_after(took_s, _SHARE), _LONGEST_REST_S))
            _log(made, pages)

    def collapse(self) -> int:
        """Make huge pages if the heap has grown enough, and return their number.

        Makes them without rests, for a process that does not serve yet.
        """
        pages = self._grown()
        made = sum(map(_collapse, pages))
        _log(made, pages)
        return made

    def _grown(self) -> Sequence[int]:
        """The addresses of all pages of the heap if it has grown enough, else none."""
        with _MAPS.open() as maps:
            pages = list(_pages(_heap(maps)))
        if len(pages) - self._seen < _WORTH_IT:
            self._seen = min(self._seen, len(pages))
            return ()
        self._seen = len(pages)
        return pages


def _heap(maps: Iterable[str]) -> Iterator[range]:
    """The address ranges of private anonymous memory and of `[heap]` (proc_pid_maps(5))."""
    for line in maps:
        span, mode, _, _, inode, *name = line.split()
        if mode == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = (int(address, 16) for address in span.split("-"))
            yield range(start, end)


def _pages(spans: Iterable[range]) -> Iterator[int]:
    """The addresses where a whole huge page fits."""
    for span in spans:
        first = -(-span.start // _PAGE) * _PAGE
        yield from range(first, span.stop - _PAGE + 1, _PAGE)


def _collapse(page: int) -> bool:
    """Make the page huge and return True, or False if the kernel cannot or will not."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return bool(madvise(page, _PAGE, _MADV_COLLAPSE) == 0)


def _log(made: int, pages: Sequence[int]) -> None:
    if pages:
        structlog.get_logger().info("memory.huge_pages", made=made, of=len(pages))
