"""Turns for steps of the sync."""

import asyncio

from adapter.runtime.loop_turns import LoopTurns


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
