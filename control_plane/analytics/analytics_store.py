"""The port of the stores of events. There is one for SQLite and PostgreSQL, and one for ClickHouse.

The composition root chooses; `tests/control_plane/test_analytics_stores.py` runs on all of them.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import RowMapping

from control_plane.analytics.queries import Grouping, Window
from control_plane.analytics.questions import Answers
from control_plane.analytics.request_log import Place, Search
from control_plane.analytics.tally import EventRow


class AnalyticsStore(Protocol):
    """Keeps events for a limited time, each id of an organization once."""

    retention: timedelta
    """How long events are kept, by the time at which their requests came."""

    def add(self, rows: Sequence[EventRow], now: datetime) -> int:
        """Store the rows whose id is new to their organization; return how many those were.

        If it raises, the same rows may be added again: none of them counts twice.
        """

    def newest(self, window: Window, limit: int) -> Sequence[RowMapping]:
        """The events of the window, newest first."""

    def summary(self, window: Window, grouping: Grouping) -> Sequence[RowMapping]:
        """Counts, bytes and response times for each key of `queries.summary`."""

    def answers(self, now: datetime) -> AbstractContextManager[Answers]:
        """Answers to the questions of the dashboard."""

    def search(self, wanted: Search, before: Place | None, limit: int) -> Sequence[RowMapping]:
        """Requests of the log, newest first; raise Invalid if the search makes no sense."""

    def request(
        self, organization_id: str, environment_id: str, event_id: str
    ) -> RowMapping | None:
        """One request of the log; None if this environment has none with this id."""

    def rebuild(self, now: Callable[[], datetime]) -> int:
        """Make the rollups anew from the events; return the number of events."""

    def close(self) -> None:
        """Close the connections."""
