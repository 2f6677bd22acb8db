"""Questions about events: which events, in which order, and what is counted by what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Float, Select, case, cast, func, select

from control_plane.clock import epoch_ms
from control_plane.store.tables.events import events

MAX_GROUPS: Final = 1000
"""How many keys a summary has at most."""


@dataclass(frozen=True, slots=True)
class Window:
    """Which events a question is about: from `start` up to but without `end`."""

    environment_id: str
    start: datetime
    end: datetime
    api_ids: tuple[int, ...] | None = None
    api_version_ids: tuple[int, ...] | None = None
    path_prefix: str = ""
    client_ids: tuple[str, ...] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The window as SQL conditions."""
        found = [
            events.c.environment_id == self.environment_id,
            events.c.received_ms >= epoch_ms(self.start),
            events.c.received_ms < epoch_ms(self.end),
        ]
        if self.api_ids is not None:
            found.append(events.c.api_id.in_(self.api_ids))
        if self.api_ids is not None and self.api_version_ids is not None:
            version = func.coalesce(events.c.api_version_id, events.c.api_id)
            found.append(version.in_(self.api_version_ids))
        if self.client_ids is not None:
            found.append(events.c.client_id.in_(self.client_ids))
        if self.path_prefix:
            # Not LIKE: in SQLite that ignores case, and paths don't.
            found.append(func.substr(events.c.path, 1, len(self.path_prefix)) == self.path_prefix)
        return found


class Grouping(NamedTuple):
    """What a summary counts by, and the column that names the key to people, if another."""

    key: ColumnElement[Any]
    name: ColumnElement[Any] | None = None


_PROCESSED: Final = events.c.request_disposition == "PROCESSED"

GROUPINGS: Mapping[str, Grouping] = {
    "status_code": Grouping(events.c.status_code),
    "application": Grouping(events.c.client_id, events.c.application_name),
    "policy": Grouping(events.c.policy_name),
    "api": Grouping(events.c.api_id, events.c.api_name),
    "outcome": Grouping(case((_PROCESSED, "PROCESSED"), else_="BLOCKED")),
}


def newest(window: Window, limit: int) -> Select[Any]:
    """The events of the window, newest first."""
    return (
        select(events)
        .where(*window.conditions())
        .order_by(events.c.received_ms.desc(), events.c.event_id.desc())
        .limit(limit)
    )


def newest_time(environment_id: str, now_ms: int) -> Select[Any]:
    """When the newest event of the environment came, in milliseconds.

    A gateway whose clock is fast sends events of the future. They say nothing about now.
    """
    own = events.c.environment_id == environment_id
    return select(func.max(events.c.received_ms)).where(own, events.c.received_ms <= now_ms)


def summary(window: Window, grouping: Grouping) -> Select[Any]:
    """Counts, bytes and response times for each key, the most frequent first.

    `total` is in every row: the requests of all keys, also of those beyond MAX_GROUPS.
    Unknown byte counts (-1) add nothing.
    """
    name = grouping.key if grouping.name is None else func.max(grouping.name)
    key = grouping.key.label("key")
    return (
        select(
            key,
            name.label("name"),
            func.count().label("count"),
            cast(func.sum(func.count()).over(), BigInteger).label("total"),
            _total(events.c.request_bytes).label("request_bytes"),
            _total(events.c.response_bytes).label("response_bytes"),
            func.avg(cast(events.c.response_time_ms, Float)).label("response_time_avg_ms"),
            func.max(events.c.response_time_ms).label("response_time_max_ms"),
        )
        .where(*window.conditions())
        .group_by(key)
        .order_by(func.count().desc(), key.asc().nulls_first())
        .limit(MAX_GROUPS)
    )


class ApiTotal(NamedTuple):
    """What came to an API instance, or from a client, in a window."""

    requests: int = 0
    errors: int = 0
    """Answers with a status of 500 or more that no policy gave."""
    denied: int = 0
    """Requests that a policy refused."""


def _total(column: ColumnElement[int]) -> ColumnElement[float]:
    """The sum of what is above 0, as a float: integers overflow beyond 64 bits."""
    return func.sum(case((column > 0, cast(column, Float)), else_=0.0))
