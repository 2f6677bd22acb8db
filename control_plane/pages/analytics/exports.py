"""The numbers of the dashboard, and the requests of the log, as CSV or JSON of any length."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, Literal, TypeAlias

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from control_plane.analytics.dashboard import RANKED
from control_plane.analytics.periods import Period
from control_plane.analytics.questions import About
from control_plane.analytics.request_log import Place, Search
from control_plane.analytics.tally import Dimension
from control_plane.clock import from_epoch_ms, iso
from control_plane.pages.analytics.filters import InFilters
from control_plane.pages.analytics.requests import RequestsReader, search_of
from control_plane.pages.analytics.traffic import AnalyticsReader
from control_plane.pages.visit import EnvironmentVisit
from control_plane.spreadsheets import csv_line
from control_plane.store.tables.events import events

router = APIRouter(prefix="/environments/{environment_id}")

Format: TypeAlias = Literal["csv", "json"]
Line: TypeAlias = dict[str, Any]

_ROWS_AT_ONCE: Final = 1000
_COUNTED: Final = (Dimension.CLASS, Dimension.RESPONSE_TIME, Dimension.BYTES, *RANKED)
_NUMBERS: Final = ("since", "until", "dimension", "key", "amount")
_HIDDEN: Final = {"received_ms", "organization_id", "environment_id"}
_REQUESTS: Final = (
    "received",
    *(name for column in events.c if (name := column.key) not in _HIDDEN),
)
_TYPES: Final = {"csv": "text/csv", "json": "application/json"}


@router.get("/analytics.{format}", name="analytics_export")
def export_numbers(visit: AnalyticsReader, filters: InFilters, format: Format) -> Response:  # noqa: A002 - the name in the path
    """Every number of the dashboard: one line for each bar, dimension and key."""
    about = filters.about(visit.environment.id)
    with visit.services.events.answers(visit.now()) as answers:
        period = filters.period(answers, visit.now())
    return _download("analytics", format, _NUMBERS, _numbers(visit, about, period))


def _numbers(visit: EnvironmentVisit, about: About, period: Period) -> Iterator[Line]:
    with visit.services.events.answers(visit.now()) as answers:
        bars = [*pairwise(period.edges)]
        for dimension in _COUNTED if about.api_id is None else _without_apis():
            found = answers.over_time(about, dimension, period)
            for (start, end), counts in zip(bars, found, strict=True):
                times = {"since": iso(from_epoch_ms(start)), "until": iso(from_epoch_ms(end))}
                for key, amount in sorted(counts.items()):
                    yield {**times, "dimension": dimension.value, "key": key, "amount": amount}


def _without_apis() -> list[Dimension]:
    return [dimension for dimension in _COUNTED if dimension is not Dimension.API]


@router.get("/requests.{format}", name="requests_export")
def export_requests(visit: RequestsReader, filters: InFilters, format: Format) -> Response:  # noqa: A002 - the name in the path
    """Every request that the filters let through, newest first."""
    wanted = search_of(visit, filters)
    wanted.conditions()
    lines = _requests(visit, wanted)
    lines = map(_nested, lines) if format == "json" else lines
    return _download("requests", format, _REQUESTS, lines)


def _requests(visit: EnvironmentVisit, wanted: Search) -> Iterator[Line]:
    place: Place | None = None
    while rows := visit.services.events.search(wanted, place, _ROWS_AT_ONCE):
        for row in rows:
            received = iso(from_epoch_ms(row["received_ms"]))
            rest = {name: value for name, value in row.items() if name not in _HIDDEN}
            yield {"received": received, **rest}
        place = Place(rows[-1]["received_ms"], rows[-1]["event_id"])


def _nested(line: Line) -> Line:
    """With the decision as an object, in place of its text."""
    return line | {"decision": line["decision"] and json.loads(line["decision"])}


def _download(name: str, form: Format, columns: Sequence[str], lines: Iterator[Line]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"'}
    text = _csv(columns, lines) if form == "csv" else _json(lines)
    return StreamingResponse(text, media_type=_TYPES[form], headers=headers)


def _csv(columns: Sequence[str], lines: Iterable[Line]) -> Iterator[str]:
    """The header is there without lines, too: programs that read the file rely on it."""
    yield csv_line(columns)
    for line in lines:
        yield csv_line(line[column] for column in columns)


def _json(lines: Iterable[Line]) -> Iterator[str]:
    before = "["
    for line in lines:
        yield before + json.dumps(line, ensure_ascii=False)
        before = ",\n"
    yield "[]" if before == "[" else "]"
