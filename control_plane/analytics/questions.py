"""Questions of the dashboard: counts by key, over time or in all.

Questions about an environment or one API instance are answered from rollups. Rollups do not cross
applications with anything else, so questions about one application are answered from its events.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import product
from typing import Any, Final, Protocol

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Result,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from control_plane.analytics.periods import MILLISECOND, Period, Run
from control_plane.analytics.queries import newest_time
from control_plane.analytics.response_times import bucket
from control_plane.analytics.tallies import counted
from control_plane.analytics.tally import (
    EVERY_API,
    MAX_BYTES,
    METHODS,
    OTHER,
    TOO_MANY_REQUESTS,
    Dimension,
)
from control_plane.store.tables.events import events

Counts = Counter[str]


@dataclass(frozen=True, slots=True)
class About:
    """Whose requests a question is about."""

    environment_id: str
    api_id: int | None = None
    client_id: str | None = None
    """Empty for requests without an application; None for all requests."""


class Reader(Protocol):
    """A connection that answers questions."""

    def execute(self, statement: Select[Any], /) -> Result[*tuple[Any, ...]]:
        """The rows of an answer."""

    def scalar(self, statement: Select[Any], /) -> Any:
        """The first value of the first row; None without rows."""

    def scalars(self, statement: Select[Any], /) -> Iterable[Any]:
        """The first value of each row."""


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers from one consistent view of the database."""

    connection: Reader
    kept: Mapping[timedelta, int]
    """The first moment of which there are rollups of each grain."""
    all_from_events: bool = False
    """Whether the store counts events so fast that it has no rollups."""

    def over_time(self, about: About, dimension: Dimension, period: Period) -> list[Counts]:
        """The counts by key in each bar of the period."""
        found: list[Counts] = [Counter() for _ in period.edges[1:]]
        from_events = self.all_from_events or about.client_id is not None
        grain = MILLISECOND if from_events else period.grain(self.kept)
        parts = _from_events(about, dimension) if from_events else _stored(about, dimension, grain)
        for run, part in product(period.runs(grain), parts):
            for number, key, amount in self.connection.execute(_within(part, run)):
                found[run.first + number][_key(dimension, key, from_events)] += int(amount)
        return found

    def in_all(self, about: About, dimension: Dimension, period: Period) -> Counts:
        """The counts by key in the whole period."""
        [counts] = self.over_time(about, dimension, period.as_one_bar())
        return counts

    def by_api(
        self, environment_id: str, api_ids: Collection[int], dimension: Dimension, period: Period
    ) -> dict[int, Counts]:
        """The counts by key in the whole period, for each of these API instances."""
        grain, at = period.grain(self.kept), counted.c
        query = (
            select(at.api_id, at.key, func.sum(cast(at.amount, Float)))
            .where(
                at.grain_s == grain // timedelta(seconds=1),
                at.dimension == dimension.value,
                at.environment_id == environment_id,
                # Named one by one: then the database reads only their part of the index.
                at.api_id.in_(api_ids),
                at.start_ms >= period.start_ms,
                at.start_ms < period.end_ms,
            )
            .group_by(at.api_id, at.key)
        )
        found: dict[int, Counts] = {}
        for api_id, key, amount in self.connection.execute(query):
            found.setdefault(api_id, Counter())[str(key)] = int(amount)
        return found

    def newest_ms(self, environment_id: str) -> int | None:
        """When the newest event of the environment came, in milliseconds since 1970."""
        newest: int | None = self.connection.scalar(newest_time(environment_id))
        return newest


@dataclass(frozen=True, slots=True)
class _Part:
    """Where counts come from: a time, a key, an amount, and which rows."""

    time: ColumnElement[int]
    key: ColumnElement[Any]
    amount: ColumnElement[Any]
    rows: tuple[ColumnElement[bool], ...]


def _within(part: _Part, run: Run) -> Select[Any]:
    start: ColumnElement[int] = literal_column(str(run.start_ms))
    length: ColumnElement[int] = literal_column(str(run.bar_ms))
    number = cast((part.time - start) // length, BigInteger).label("bar")
    key = part.key.label("counted_by")
    return (
        # As a float: a sum of bytes may not fit into 64 bits.
        select(number, key, func.sum(cast(part.amount, Float)))
        .where(*part.rows, part.time >= run.start_ms, part.time < run.end_ms)
        # By name: PostgreSQL takes the same expression with other parameters for another one.
        .group_by(literal_column("bar"), literal_column("counted_by"))
    )


def _stored(about: About, dimension: Dimension, grain: timedelta) -> list[_Part]:
    at = counted.c
    rows = (
        at.grain_s == grain // timedelta(seconds=1),
        at.dimension == dimension.value,
        at.environment_id == about.environment_id,
        at.api_id == (EVERY_API if about.api_id is None else about.api_id),
    )
    return [_Part(at.start_ms, at.key, at.amount, rows)]


_AT: Final = events.c
_IS_DENIED: Final = _AT.request_disposition != "PROCESSED"
_IS_FAILED: Final = ~_IS_DENIED & (_AT.status_code // 100 == 5)
_IS_HTTP: Final = (_AT.status_code >= 100) & (_AT.status_code < 600)
_POLICY: Final = func.coalesce(_AT.policy_name, _AT.policy_id, "")
_ONE: Final[ColumnElement[int]] = literal_column("1")
_CLIENT: Final = func.coalesce(_AT.client_id, "")
_API: Final = cast(_AT.api_id, Text)

_OF_EVENTS: Final[
    Mapping[Dimension, tuple[ColumnElement[Any], *tuple[ColumnElement[bool], ...]]]
] = {
    Dimension.CLASS: (
        case(
            (_IS_DENIED, literal("denied")),
            (_IS_HTTP, cast(_AT.status_code // 100, Text).concat("xx")),
            else_=OTHER,
        ),
    ),
    Dimension.STATUS: (cast(_AT.status_code, Text),),
    Dimension.METHOD: (case((_AT.verb.in_(sorted(METHODS)), _AT.verb), else_=OTHER),),
    Dimension.APPLICATION: (_CLIENT,),
    Dimension.APPLICATION_DENIED: (_CLIENT, _IS_DENIED),
    Dimension.APPLICATION_FAILED: (_CLIENT, _IS_FAILED),
    Dimension.APPLICATION_LIMITED: (_CLIENT, _IS_DENIED, _AT.status_code == TOO_MANY_REQUESTS),
    Dimension.PATH: (func.coalesce(_AT.path_template, OTHER),),
    Dimension.AGENT: (func.coalesce(_AT.agent, ""),),
    Dimension.VIOLATION: (_POLICY, _AT.policy_outcome == "VIOLATION"),
    Dimension.POLICY_ERROR: (_POLICY, _AT.policy_outcome == "ERROR"),
    Dimension.POLICY: (
        _AT.policy_id.concat("/").concat(func.coalesce(_AT.policy_name, "")),
        _AT.policy_id.is_not(None) & _AT.policy_outcome.is_not(None),
    ),
    Dimension.RESPONSE_TIME: (_AT.response_time_ms, _AT.response_time_ms.is_not(None)),
    Dimension.API: (_API,),
    Dimension.API_DENIED: (_API, _IS_DENIED),
    Dimension.API_FAILED: (_API, _IS_FAILED),
}
"""The key of an event in a dimension, and which events have one."""


def _from_events(about: About, dimension: Dimension) -> list[_Part]:
    rows = [_AT.environment_id == about.environment_id]
    if about.client_id:
        rows.append(_AT.client_id == about.client_id)
    elif about.client_id is not None:
        rows.append(_CLIENT == "")
    if about.api_id is not None:
        rows.append(_AT.api_id == about.api_id)
    if dimension is not Dimension.BYTES:
        key, *conditions = _OF_EVENTS[dimension]
        return [_Part(_AT.received_ms, key, _ONE, (*rows, *conditions))]
    return [
        _Part(_AT.received_ms, literal_column(name), _bounded(size), (*rows, size > 0))
        for name, size in (("'in'", _AT.request_bytes), ("'out'", _AT.response_bytes))
    ]


def _bounded(size: ColumnElement[int]) -> ColumnElement[int]:
    return case((size > MAX_BYTES, MAX_BYTES), else_=size)


def _key(dimension: Dimension, key: Any, from_events: bool) -> str:
    """A response time in an event is in milliseconds, in a rollup it is a bucket already."""
    if from_events and dimension is Dimension.RESPONSE_TIME:
        return str(bucket(key))
    return str(key)
