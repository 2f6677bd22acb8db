"""Questions of the dashboard: counts by key, over time or in all.

Questions about an environment, an API instance or an application are answered from rollups. They
are answered from the events of an application if the bars are minutes, if some of its requests are
in no rollup, or if they are about an API instance too.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import product
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)

from control_plane.analytics import application_numbers
from control_plane.analytics.application_answers import Numbers, read
from control_plane.analytics.application_counts import ApplicationTime
from control_plane.analytics.periods import MILLISECOND, Period, Run
from control_plane.analytics.queries import newest_time
from control_plane.analytics.reader import Reader
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


_Asked: TypeAlias = tuple[About, timedelta, int, int]


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers from one consistent view of the database."""

    connection: Reader
    kept: Mapping[timedelta, int]
    """The first moment of which there are rollups of each grain."""
    now_ms: int
    """The moment of the questions, in milliseconds since 1970."""
    all_from_events: bool = False
    """Whether the store counts events so fast that it has no rollups."""
    _read: dict[_Asked, Numbers | None] = field(default_factory=dict)
    """A page asks many questions about one application, which have one answer."""

    def over_time(self, about: About, dimension: Dimension, period: Period) -> list[Counts]:
        """The counts by key in each bar of the period."""
        numbers = self._numbers(about, period)
        if numbers is not None:
            return numbers.over_time(dimension, period)
        found: list[Counts] = [Counter() for _ in period.edges[1:]]
        from_events = self.are_from_events(about, period)
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

    def are_from_events(self, about: About, period: Period) -> bool:
        """Whether these answers come from events, which are not kept as long as rollups."""
        of_application = about.client_id is not None and self._numbers(about, period) is None
        return self.all_from_events or of_application

    def _numbers(self, about: About, period: Period) -> Numbers | None:
        """What is stored of an application; None if only events answer."""
        grain = period.grain(self.kept)
        is_crossed = about.client_id is None or about.api_id is not None
        if self.all_from_events or is_crossed or grain not in application_numbers.GRAINS:
            return None
        asked = (about, grain, period.start_ms, period.end_ms)
        if asked not in self._read:
            place = ApplicationTime(about.environment_id, about.client_id or "", period.start_ms)
            self._read[asked] = read(self.connection, place, grain, period.end_ms)
        return self._read[asked]

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
        """When the newest event of the environment came, up to now, in ms since 1970."""
        newest: int | None = self.connection.scalar(newest_time(environment_id, self.now_ms))
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
