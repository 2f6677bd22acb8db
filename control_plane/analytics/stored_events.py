"""What every store of events answers in the same way: single events, and summaries of them."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import RowMapping, Select

from control_plane.analytics import queries, request_log
from control_plane.analytics.queries import Grouping, Window
from control_plane.analytics.reader import Reader
from control_plane.analytics.request_log import Place, Search


class StoredEvents:
    """Questions about events, asked with the connection of a store."""

    def _reading(self) -> AbstractContextManager[Reader]:
        raise NotImplementedError

    def newest(self, window: Window, limit: int) -> Sequence[RowMapping]:
        """The events of the window, newest first."""
        return self._rows(queries.newest(window, limit))

    def summary(self, window: Window, grouping: Grouping) -> Sequence[RowMapping]:
        """Counts, bytes and response times for each key of `queries.summary`."""
        return self._rows(queries.summary(window, grouping))

    def search(self, wanted: Search, before: Place | None, limit: int) -> Sequence[RowMapping]:
        """Requests of the log, newest first; raise Invalid if the search makes no sense."""
        readings = (request_log.search(each, before, limit) for each in wanted.readings())
        found = filter(None, map(self._rows, readings))
        return next(found, [])

    def request(
        self, organization_id: str, environment_id: str, event_id: str
    ) -> RowMapping | None:
        """One request of the log; None if this environment has none with this id."""
        found = self._rows(request_log.one(organization_id, environment_id, event_id))
        return next(iter(found), None)

    def _rows(self, query: Select[Any]) -> Sequence[RowMapping]:
        with self._reading() as connection:
            return connection.execute(query).mappings().all()
