"""Has the kernel back a large heap with huge pages, beside the Checks.

A Check looks at a few dozen objects anywhere in a snapshot of hundreds of megabytes. With pages of
4 KiB almost each of these looks costs a walk through page tables that are not in the processor's
caches either; with pages of 2 MiB it does not. Python asks for memory in pieces too small to get
huge pages by itself, so they are made afterwards, by madvise(2), MADV_COLLAPSE (Linux 6.1).
"""

import asyncio
import ctypes
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, NoReturn

import structlog

from adapter.runtime.clock import Clock

_MADV_COLLAPSE: Final = 25
_PAGE: Final = 2 * 1024 * 1024
_WORTH_IT: Final = 32
"""Pages: with less memory, the caches hold the page tables."""
_MAPS: Final = Path("/proc/self/maps")
_INTERVAL_S: Final = 60.0
_REST: Final = 300
"""After each page, so many times as long as it took to make: some milliseconds, for which the
loop's thread may have to wait, for new memory or for the very core. Page after page, that held up
Checks for 50 ms; so it is far less than one Check in a hundred that waits at all."""
_LONGEST_REST_S: Final = 5.0
"""However long a page took by the clock: the machine may have stood still meanwhile."""


class HugePages:
    """Looks once a minute whether the heap has grown; for Linux.

    A heap that only changed is let alone: its freed memory, huge pages among it, is used again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seen = 0
        """Pages that the heap had room for, at the last time."""

    async def run(self) -> NoReturn:
        """For ever, one page at a time."""
        while True:
            await self._clock.sleep(_INTERVAL_S)
            pages = await asyncio.to_thread(self._grown)
            made = 0
            for page in pages:
                began = self._clock.monotonic()
                made += await asyncio.to_thread(_collapse, page)
                took_s = self._clock.monotonic() - began
                await self._clock.sleep(min(_REST * took_s, _LONGEST_REST_S))
            _log(made, pages)

    def collapse(self) -> int:
        """Make huge pages if the heap has grown enough; how many it has then.

        At once, for a process that does not serve yet.
        """
        pages = self._grown()
        made = sum(map(_collapse, pages))
        _log(made, pages)
        return made

    def _grown(self) -> Sequence[int]:
        """The pages of the heap, if it has grown enough."""
        with _MAPS.open() as maps:
            pages = list(_pages(_heap(maps)))
        if len(pages) - self._seen < _WORTH_IT:
            self._seen = min(self._seen, len(pages))
            return ()
        self._seen = len(pages)
        return pages


def _heap(maps: Iterable[str]) -> Iterator[range]:
    """The addresses of private anonymous memory and of the heap proper (proc_pid_maps(5))."""
    for line in maps:
        span, mode, _, _, inode, *name = line.split()
        if mode == "rw-p" and inode == "0" and name in ([], ["[heap]"]):
            start, end = (int(address, 16) for address in span.split("-"))
            yield range(start, end)


def _pages(spans: Iterable[range]) -> Iterator[int]:
    """Where a whole huge page fits."""
    for span in spans:
        first = -(-span.start // _PAGE) * _PAGE
        yield from range(first, span.stop - _PAGE + 1, _PAGE)


def _collapse(page: int) -> bool:
    """Make that page huge; whether it is then: none where the kernel is too old or unwilling."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return bool(madvise(page, _PAGE, _MADV_COLLAPSE) == 0)


def _log(made: int, pages: Sequence[int]) -> None:
    if pages:
        structlog.get_logger().info("memory.huge_pages", made=made, of=len(pages))
