"""The heap on huge pages: which memory is meant, and that this kernel's answer is taken."""

import asyncio
from pathlib import Path

import pytest

from adapter.runtime.clock import MonotonicTime
from adapter.runtime.huge_pages import HugePages, _heap, _pages
from tests.rig.clock import ManualClock

MAPS = """\
55d0c0000000-55d0c0800000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000100000 rw-p 00000000 00:00 0
7f0000200000-7f0000700000 rw-p 00000000 00:00 0
7f0000800000-7f0001000000 r--p 00000000 fe:00 1234                       /usr/lib/libc.so.6
7f0001000000-7f0001800000 rw-p 00000000 fe:00 1234                       /usr/lib/libc.so.6
7f0002000000-7f0002800000 rw-s 00000000 00:01 99                         /dev/shm/x
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0                          [stack]
"""
PAGE = 2 * 1024 * 1024


def test_only_private_anonymous_memory_is_the_heap() -> None:
    """Files, shared memory and the stack are let alone."""
    assert [span.start for span in _heap(MAPS.splitlines())] == [
        0x55D0C0000000,
        0x7F0000000000,
        0x7F0000200000,
    ]


def test_a_page_is_made_only_where_a_whole_one_fits() -> None:
    """Aligned, and inside its span."""
    spans = [range(PAGE - 1, 3 * PAGE), range(5 * PAGE, 6 * PAGE - 1), range(8 * PAGE, 9 * PAGE)]
    assert list(_pages(spans)) == [PAGE, 2 * PAGE, 8 * PAGE]


def test_a_heap_that_has_grown_is_asked_for_once() -> None:
    """The kernel may say no; its huge pages are counted where it says yes."""
    before = _huge_kib()
    keeper = HugePages(ManualClock())
    grown = b"x" * (64 * PAGE)
    made = keeper.collapse()
    assert (made > 0) is (_huge_kib() > before)
    assert keeper.collapse() == 0
    del grown


class NotedClock(ManualClock):
    """Notes what was slept; between two looks at it a page was made, so to say."""

    def __init__(self, page_s: float) -> None:
        super().__init__()
        self.page_s = page_s
        self.slept: list[float] = []
        self.second_minute = asyncio.Event()

    def monotonic(self) -> MonotonicTime:
        """Later than the time before by what a page takes."""
        self.time_s += self.page_s
        return super().monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waiting moves the time."""
        await super().sleep(seconds)
        self.slept.append(seconds)
        if self.slept.count(60.0) > 1:
            self.second_minute.set()


@pytest.mark.parametrize(("page_s", "rest_s"), [(0.001, 0.299), (1.0, 5.0)])
async def test_checks_get_their_turn_after_each_page(page_s: float, rest_s: float) -> None:
    """Without pauses, this would delay other threads that need memory or the core.

    A machine that stood still does not make it rest for hours.
    """
    clock, grown = NotedClock(page_s), b"x" * (64 * PAGE)
    task = asyncio.create_task(HugePages(clock).run())
    await clock.second_minute.wait()
    task.cancel()
    pauses = clock.slept[1 : clock.slept.index(60.0, 1)]
    assert len(pauses) > len(grown) // PAGE - 2
    assert pauses == pytest.approx([rest_s] * len(pauses))


def _huge_kib() -> int:
    rollup = Path("/proc/self/smaps_rollup").read_text()
    return int(rollup.partition("AnonHugePages:")[2].split()[0])
