"""How much of a limit is used: the windows that gateways begin, found again from events."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event

from control_plane.analytics.application_use import Cell
from control_plane.analytics.quota_use import Limit, limit_use, quota_use
from control_plane.analytics.rollups import Keeping
from control_plane.clock import epoch_ms
from control_plane.database_address import events_address, parse_address
from tests.control_plane.test_rollups import NOW, row, store

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LIMITED = {
    "status_code": 429,
    "request_disposition": "BLOCKED",
    "policy_violation": {"policy_id": 7, "policy_name": "rate-limiting-sla-based"},
}


def cells(*seconds_ago: float) -> list[Cell]:
    """One request at each of these times."""
    return [Cell(epoch_ms(NOW - timedelta(seconds=each)), 1) for each in seconds_ago]


@pytest.mark.parametrize(
    ("seconds_ago", "used", "resets_in_s"),
    [
        ((), 0, None),
        ((61,), 0, None),
        ((60,), 0, None),
        ((59,), 1, 1),
        ((90, 40, 20), 1, 40),
        ((130, 80, 70, 60, 10), 1, 50),
        ((130, 80, 69, 10), 0, None),
        ((0, 0, 0), 3, 60),
    ],
)
def test_a_window_begins_with_the_first_request_after_the_last_one(
    seconds_ago: tuple[float, ...], used: int, resets_in_s: int | None
) -> None:
    """As gateways count: it lasts one period, and none runs without requests."""
    found = limit_use(Limit(10, MINUTE), cells(*seconds_ago), NOW)
    assert found.used == used
    resets_at = None if resets_in_s is None else NOW + timedelta(seconds=resets_in_s)
    assert found.resets_at == resets_at
    assert found.left == 10 - used


def test_what_several_gateways_allowed_beyond_the_limit_leaves_nothing() -> None:
    """They may count alone."""
    assert limit_use(Limit(2, MINUTE), cells(3, 2, 1), NOW).left == 0


def test_use_is_counted_for_each_api_and_limit(database: str) -> None:
    """From events, minutes, quarters or hours, by the length of the period; only the client's."""
    own: dict[str, Any] = {"client_id": "a"}
    rows = [
        *(row(second, **own) for second in (2, 3, 70)),
        *(row(60 * minute, **own) for minute in (5, 20, 200)),
        *(row(second, **own, **LIMITED) for second in (1, 4, 2 * 86_400)),
        row(3, **own, api_id=2),
        row(86_400 * 3, **own, api_id=2),
        row(5, client_id="b"),
        row(5),
    ]
    periods = (MINUTE, HOUR, DAY, 20 * DAY)
    limits = {
        1: [Limit(10, each) for each in periods],
        2: [Limit(1, 20 * DAY)],
        3: [Limit(9, HOUR)],
    }
    with store(events_address(parse_address(database))) as (events, _):
        events.add(rows, NOW)
        with events.answers(NOW) as answers:
            found = quota_use(answers, "e", "a", limits, NOW)
            assert quota_use(answers, "other", "a", {1: []}, NOW) == {1: ([], 0, 0)}
    assert [each.used for each in found[1].limits] == [2, 5, 6, 6]
    assert found[1].limits[0].resets_at == NOW + timedelta(seconds=57)
    assert (found[1].hits_of_day, found[1].hits_of_week) == (2, 3)
    assert [each.used for each in found[2].limits] == [2]
    assert found[2].hits_of_week == 0
    assert [each.used for each in found[3].limits] == [0]


def test_limits_beyond_what_rollups_keep_are_counted_as_far_as_they_reach(database: str) -> None:
    """A year is longer than there are rollups of it with short keeping."""
    with store(events_address(parse_address(database)), Keeping(hours=timedelta(days=2))) as (
        events,
        _,
    ):
        events.add([row(60, client_id="a"), row(86_400 * 5, client_id="a")], NOW)
        with events.answers(NOW) as answers:
            found = quota_use(answers, "e", "a", {1: [Limit(10, 365 * DAY)]}, NOW)
    assert [each.used for each in found[1].limits] == [1]


def test_questions_about_an_application_read_only_its_own_rows(tmp_path: Path) -> None:
    """The database takes the index by application, whatever else is stored."""
    with store(tmp_path / "events.db") as (events, database):
        asked: list[tuple[str, Any]] = []

        def note(*given: Any) -> None:
            asked.append((given[2], given[3]))

        events.add([row(client_id="a")], NOW)
        with database.connection() as connection:
            engine = connection.engine
        with events.answers(NOW) as answers:
            sqlalchemy_event.listen(engine, "before_cursor_execute", note)
            quota_use(answers, "e", "a", {1: [Limit(9, each) for each in (MINUTE, DAY)]}, NOW)
            sqlalchemy_event.remove(engine, "before_cursor_execute", note)
        with database.connection() as connection:
            plans = [
                [line[3] for line in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", given)]
                for sql, given in asked
            ]
    for plan in plans:
        reading = [line for line in plan if " rollups" in line or " events" in line]
        assert reading
        assert all(
            "rollups_by_application" in line or "events_by_client" in line for line in reading
        )
