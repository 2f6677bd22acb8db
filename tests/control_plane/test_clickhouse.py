"""ClickHouse over HTTP: the whole control plane on it, failures, and addresses."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Text, func, literal, select, true
from sqlalchemy.exc import OperationalError

from control_plane.analytics.clickhouse_store import ClickHouseStore
from control_plane.analytics.tallies import counted
from control_plane.analytics.tally import Dimension
from control_plane.app import open_services
from control_plane.database_address import parse_clickhouse
from control_plane.errors import UnusableDatabaseError
from control_plane.settings import Settings
from control_plane.store.clickhouse.connection import ClickHouseConnection
from control_plane.store.clickhouse.dialect import clickhouse_sql
from control_plane.store.clickhouse.server import ClickHouseServer
from tests.control_plane.test_dashboard_numbers import traffic
from tests.control_plane.test_rollups import NOW, row, store
from tests.rig.clickhouse import ClickHouseEngine, http_interface
from tests.rig.clock import DatetimeClock
from tests.rig.hashing import quick_hasher
from tests.rig.redis_server import free_port


def chosen(tmp_path: Path, port: int) -> Settings:
    """Settings with the events at a port."""
    address: Any = f"clickhouse://platform:hunter2@127.0.0.1:{port}/site"
    return Settings(database=tmp_path / "platform.db", events=address)


def test_events_are_kept_over_http(clickhouse: ClickHouseEngine, tmp_path: Path) -> None:
    """User, password and database are sent; the tables stay as they are at the next start."""
    seen: list[dict[str, str]] = []
    with clickhouse.empty_database(), http_interface(clickhouse, seen) as port:
        for stored in (1, 0):
            opened = open_services(chosen(tmp_path, port), DatetimeClock(), quick_hasher())
            with closing(opened) as services:
                assert services.events.add([row(event_id="a")], NOW) == stored
                assert services.events.rebuild(lambda: NOW) == 1
    for headers in seen:
        assert headers["x-clickhouse-user"] == "platform"
        assert headers["x-clickhouse-key"] == "hunter2"
        assert headers["x-clickhouse-database"] == "site"


def test_the_view_of_rollups_is_what_tallies_say(
    clickhouse: ClickHouseEngine, tmp_path: Path
) -> None:
    """Every dimension, API and grain, as SQLite's rollups have them."""
    requests = [row(**(each | {"response_bytes": 2**50})) for each in traffic(200, 1)]
    requests.append(row(policy_violation={"policy_id": 7, "outcome": "ERROR"}))
    sums: Any = select(*counted.c[:-1], func.sum(counted.c.amount)).group_by(*counted.c[:-1])
    with clickhouse.empty_database():
        ClickHouseStore(clickhouse.ask, 30, lambda: None).add(requests, NOW)
        found = {tuple(each) for each in ClickHouseConnection(clickhouse.ask).execute(sums)}
    with store(tmp_path / "events.db") as (events, database), database.connection() as connection:
        events.add(requests, NOW)
        assert found == {tuple(each) for each in connection.execute(sums)}
    assert {each[1] for each in found} == {each.value for each in Dimension}


def test_a_batch_may_be_large(clickhouse: ClickHouseEngine) -> None:
    """Questions about many long ids are asked in parts."""
    requests = [row(event_id=f"{'ü' * 90}{number}") for number in range(2500)]
    with clickhouse.empty_database():
        kept = ClickHouseStore(clickhouse.ask, 30, lambda: None)
        assert kept.add(requests, NOW) == 2500
        assert kept.add(requests, NOW) == 0


def test_a_server_that_is_away_is_named_without_the_password(tmp_path: Path) -> None:
    """At the start, as with other databases."""
    with pytest.raises(UnusableDatabaseError, match=r"127\.0\.0\.1") as refused:
        open_services(chosen(tmp_path, free_port()), DatetimeClock(), quick_hasher())
    assert "hunter2" not in str(refused.value)


def test_a_refusal_is_a_failure(clickhouse: ClickHouseEngine) -> None:
    """It says what ClickHouse said."""
    with http_interface(clickhouse, []) as port:
        server = ClickHouseServer(parse_clickhouse(f"clickhouse://127.0.0.1:{port}"))
        with closing(server), pytest.raises(OperationalError, match=r"404 .*nowhere"):
            server.ask("SELECT nothing FROM nowhere")


@pytest.mark.parametrize("text", ["http://h:8123", "clickhouse:///x", "clickhouse://u:hunter2@h:x"])
def test_other_addresses_are_refused(text: str) -> None:
    """The message has an example, and no password."""
    with pytest.raises(ValidationError, match="clickhouse://USER@HOST:8123/DATABASE") as refused:
        Settings.model_validate({"events": text})
    assert "hunter2" not in refused.value.errors()[0]["msg"]


@settings(max_examples=60, deadline=None)
@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=20))
def test_every_text_comes_back(clickhouse: ClickHouseEngine, texts: list[str]) -> None:
    """No text ends its quotes."""
    columns = [literal(text, Text).label(f"c{n}") for n, text in enumerate(texts)]
    question: Any = select(*columns)
    [found] = ClickHouseConnection(clickhouse.ask).execute(question)
    assert tuple(found) == tuple(texts)


def test_other_values_have_no_place_in_a_question() -> None:
    """What was not thought of is not written."""
    with pytest.raises(TypeError, match="bytes"):
        clickhouse_sql(select(true()).where(literal(b"x") == literal(1)))
