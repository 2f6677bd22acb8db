"""What single applications asked for, from rollups: in all, by API instance, and over time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, case, func, literal_column, select

from control_plane.analytics.application_rows import ApplicationRows
from control_plane.analytics.periods import MILLISECOND
from control_plane.analytics.queries import ApiTotal
from control_plane.analytics.questions import Answers
from control_plane.analytics.rollups import HOUR, QUARTER
from control_plane.analytics.tally import EVERY_API, Dimension
from control_plane.clock import epoch_ms
from control_plane.store.tables.events import events

_LONG: Final = timedelta(days=2)
_TOTALS: Final = (
    Dimension.APPLICATION,
    Dimension.APPLICATION_FAILED,
    Dimension.APPLICATION_DENIED,
)
_ADMITTED: Final = (Dimension.APPLICATION, Dimension.APPLICATION_DENIED)


class Cell(NamedTuple):
    """Requests that came at a time, or in the time from then on."""

    start_ms: int
    requests: int


def totals(
    answers: Answers,
    environment_id: str,
    client_ids: Collection[str],
    now: datetime,
    span: timedelta,
) -> dict[str, ApiTotal]:
    """What came from each of the clients in about the last `span`."""
    asked = ApplicationRows(
        environment_id, client_ids, _TOTALS, *_since(answers, now, span), api_ids=[EVERY_API]
    )
    at = asked.query().c
    query = select(at.key, at.dimension, func.sum(at.amount)).group_by(at.key, at.dimension)
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for key, dimension, amount in answers.connection.execute(query):
        found[key][dimension] = int(amount)
    return {key: ApiTotal(*(counts[each] for each in _TOTALS)) for key, counts in found.items()}


def by_api(
    answers: Answers,
    environment_id: str,
    client_id: str,
    dimension: Dimension,
    now: datetime,
    span: timedelta,
) -> Counter[int]:
    """How many of the client's requests each API instance got in about the last `span`."""
    asked = ApplicationRows(environment_id, [client_id], [dimension], *_since(answers, now, span))
    at = asked.query().c
    query = select(at.api_id, func.sum(at.amount)).group_by(at.api_id)
    return Counter({row[0]: int(row[1]) for row in answers.connection.execute(query)})


def admitted(
    answers: Answers,
    environment_id: str,
    client_id: str,
    api_ids: Collection[int],
    grain: timedelta,
    since_ms: int,
) -> dict[int, list[Cell]]:
    """The client's requests to these API instances that no policy refused, over time."""
    asked = ApplicationRows(
        environment_id, [client_id], _ADMITTED, grain, since_ms, api_ids=api_ids
    )
    at = asked.query().c
    denied = at.dimension == Dimension.APPLICATION_DENIED.value
    query = (
        select(at.api_id, at.start_ms, func.sum(case((denied, -at.amount), else_=at.amount)))
        .group_by(at.api_id, at.start_ms)
        .order_by(at.start_ms)
    )
    return _cells(answers.connection.execute(query))


def admitted_events(
    answers: Answers, environment_id: str, client_id: str, step_ms: int, since_ms: int
) -> dict[int, list[Cell]]:
    """As `admitted`, in steps that are shorter than a rollup's: from the events themselves."""
    at = events.c
    length: ColumnElement[int] = literal_column(str(step_ms))
    start = (at.received_ms - at.received_ms % length).label("start")
    query = (
        select(at.api_id, start, func.count())
        .where(
            at.environment_id == environment_id,
            at.client_id == client_id,
            at.received_ms >= since_ms,
            at.request_disposition == "PROCESSED",
        )
        .group_by(at.api_id, literal_column("start"))
        .order_by(literal_column("start"))
    )
    return _cells(answers.connection.execute(query))


def _cells(rows: Iterable[Any]) -> dict[int, list[Cell]]:
    found: defaultdict[int, list[Cell]] = defaultdict(list)
    for api_id, start_ms, requests in rows:
        if requests:
            found[api_id].append(Cell(start_ms, int(requests)))
    return found


def _since(answers: Answers, now: datetime, span: timedelta) -> tuple[timedelta, int]:
    """Whole quarters of an hour, or whole hours for a long time: up to one of them too many."""
    since_ms = epoch_ms(now - span)
    short = span <= _LONG and answers.kept[QUARTER] <= since_ms
    grain = QUARTER if short else HOUR
    return grain, since_ms - since_ms % (grain // MILLISECOND)
