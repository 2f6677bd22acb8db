"""How a request is found by the id of its decision."""

from sqlalchemy import create_engine

from control_plane.analytics.request_log import Search, search
from control_plane.store.tables.events import metadata


def test_a_decision_is_found_by_its_index() -> None:
    """Among millions of events: the index for the log's order would lead past all of them."""
    [by_decision, _] = Search("any", 0, 1, id="019ac8f1b2d4f7a3e001").readings()
    wanted = search(by_decision, None, 51)
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as connection:
        query = wanted.compile(connection, compile_kwargs={"literal_binds": True})
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    engine.dispose()
    assert len(plan) == 1
    assert "INDEX events_by_decision" in str(plan)
