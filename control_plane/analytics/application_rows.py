"""The rollups of single applications, read without those of all others."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any

from sqlalchemy import FromClause, Select, Subquery, select, union_all

from control_plane.analytics.tallies import at_grain
from control_plane.analytics.tally import EVERY_API, Dimension
from control_plane.store.tables.events import OF_APPLICATIONS, rollups


@dataclass(frozen=True, slots=True)
class ApplicationRows:
    """Which rollups a question is about."""

    environment_id: str
    keys: Collection[str]
    """Client ids, or what else the dimensions count by."""
    dimensions: Collection[Dimension]
    grain: timedelta
    since_ms: int
    until_ms: int = 2**53
    api_ids: Collection[int] | None = None
    """None for all API instances."""

    def query(self) -> Subquery:
        """The rollups, and the tallies that wait.

        One part for each dimension: SQLite takes the index `rollups_by_application` only then.
        """
        sources = (rollups, at_grain(self.grain).subquery("waiting"))
        parts = product(sources, self.dimensions)
        return union_all(*(self._part(*part) for part in parts)).subquery("counted")

    def _part(self, source: FromClause, dimension: Dimension) -> Select[Any]:
        at = source.c
        # With the bare column, SQLite would read the rows of all clients, by the primary key.
        api_id = at.api_id + 0
        wanted = api_id > EVERY_API if self.api_ids is None else api_id.in_(self.api_ids)
        return select(at.dimension, at.api_id, at.start_ms, at.key, at.amount).where(
            OF_APPLICATIONS,
            at.environment_id == self.environment_id,
            at.key.in_(self.keys),
            at.dimension == dimension.value,
            at.grain_s == self.grain // timedelta(seconds=1),
            at.start_ms >= self.since_ms,
            at.start_ms < self.until_ms,
            wanted,
        )
