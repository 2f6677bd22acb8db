"""Tallies that wait: each number counts once, no matter which process folds them, and when."""

from datetime import timedelta

from sqlalchemy import func, select

from control_plane.analytics.tally import Dimension
from control_plane.database_address import events_address, parse_address
from control_plane.store.database import Database
from control_plane.store.tables.events import tallies
from tests.control_plane.test_rollups import NOW, row, store, total


def waiting(database: Database) -> int:
    """How many rows of tallies wait."""
    with database.connection() as connection:
        return connection.scalar(select(func.count()).select_from(tallies)) or 0


def test_numbers_are_the_same_before_and_after_folding(database: str) -> None:
    """The first batch of a process folds what an earlier one left; the next ones wait 10 s."""
    with store(events_address(parse_address(database))) as (first, opened):
        first.add([row()], NOW)
        assert waiting(opened) == 0
        first.add([row(), row(seconds_ago=7200)], NOW)
        first.add([row()], NOW + timedelta(seconds=9))
        left = waiting(opened)
        assert left > 0
        numbers = [total(opened, grain, Dimension.CLASS) for grain in (60, 900, 3600)]
        assert numbers == [4, 4, 4]
        with store(events_address(parse_address(database))) as (second, _):
            second.add([], NOW)
            assert waiting(opened) == left
            second.add([row()], NOW)
        assert waiting(opened) == 0
        assert total(opened, 900, Dimension.CLASS) == 5
        first.add([row()], NOW + timedelta(seconds=10))
        assert waiting(opened) == 0
        first.add([row()], NOW)
        assert waiting(opened) == 0, "the clock went back"


def test_many_tallies_do_not_wait(database: str) -> None:
    """Questions read them, so they are folded when they are many."""
    with store(events_address(parse_address(database))) as (events, opened):
        events.add([row()], NOW)
        for _ in range(2):
            events.add([row(path=f"/a{n}z", client_id=f"c{n}") for n in range(9000)], NOW)
        assert waiting(opened) == 0
        assert total(opened, 60, Dimension.PATH) == 18_001
