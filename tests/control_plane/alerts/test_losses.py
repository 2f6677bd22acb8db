"""Counting the events that adapters lost, from numbers that only grow until a restart."""

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from control_plane.alerts.losses import Lost, Memory, remembered, total

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def after(memory: Memory, minute: float, *lost: tuple[int, int, int]) -> Memory:
    """What is remembered after a report: adapter, number of its start, events lost."""
    found = [Lost(id_, START + start * HOUR, events) for id_, start, events in lost]
    moment = START + timedelta(minutes=minute)
    memory = remembered(memory, found, HOUR, moment)
    # As the database returns it.
    return dict(json.loads(json.dumps(memory)))


def test_only_news_counts() -> None:
    """Losses from before the alert do not; those of a restarted process and a new adapter do."""
    memory = after({}, 0, (1, 0, 500))
    assert total(memory) == 0
    memory = after(memory, 1, (1, 0, 503))
    assert total(memory) == 3
    memory = after(memory, 1.5, (1, 1, 2), (2, 0, 10))
    assert total(memory) == 15
    memory = after(memory, 60, (1, 1, 2), (2, 0, 10))
    assert total(memory) == 15
    memory = after(memory, 61.1, (1, 1, 3))
    assert total(memory) == 1


@given(st.lists(st.integers(0, 50), min_size=1, max_size=200))
def test_the_memory_is_bounded(increments: list[int]) -> None:
    """One number for each minute of the period; the total is what came within it."""
    memory, lost = after({}, 0, (1, 0, 0)), 0
    for minute, increment in enumerate(increments, 1):
        lost += increment
        memory = after(memory, minute, (1, 0, lost))
    assert len(memory["minutes"]) <= 60
    assert total(memory) == sum(increments[-60:])
