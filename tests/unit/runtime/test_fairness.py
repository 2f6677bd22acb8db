"""Checks run between the steps of other work."""

import asyncio

import pytest

from adapter.runtime.fairness import LoopTurns, in_slices, rest_after


async def test_checks_get_through_between_any_two_steps() -> None:
    """However many answers of the platform arrive at once, they are read one in an iteration."""
    turns = LoopTurns()
    steps = iterations = 0

    async def read_much() -> None:
        nonlocal steps
        for _ in range(3):
            await turns.wait()
            steps += 1

    tasks = [asyncio.create_task(read_much()) for _ in range(5)]
    while steps < 15:
        before = steps
        await asyncio.sleep(0)
        iterations += 1
        assert steps <= before + 1
    await asyncio.gather(*tasks)
    assert iterations >= 15


@pytest.mark.parametrize(("count", "slices"), [(0, []), (2, [[0, 1]]), (5, [[0, 1], [2, 3], [4]])])
async def test_nothing_is_lost_in_slices(count: int, slices: list[list[int]]) -> None:
    """All items come, in their order; the last slice may be shorter."""
    assert [part async for part in in_slices(range(count), 2)] == slices


async def test_checks_get_through_between_slices() -> None:
    """What was scheduled during one slice runs before the next one."""
    log: list[str] = []
    async for part in in_slices("abc", 1):
        log += part
        asyncio.get_running_loop().call_soon(log.append, "check")
    assert log == ["a", "check", "b", "check", "c", "check"]


@pytest.mark.parametrize("share", [0.1, 0.5, 1 / 300])
def test_work_takes_its_share_of_the_time(share: float) -> None:
    """However long a piece of work took."""
    for worked_s in (0.001, 2.0):
        total_s = worked_s + rest_after(worked_s, share)
        assert worked_s / total_s == pytest.approx(share)
