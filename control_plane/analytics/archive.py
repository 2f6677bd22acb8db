"""What the archive holds: for each API instance and whole hour, sums of requests of one kind."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Float, RowMapping, Select, case, cast, func, select

from control_plane.analytics.questions import Answers
from control_plane.analytics.rollups import HOUR
from control_plane.analytics.tallies import counted
from control_plane.analytics.tally import EVERY_API, Dimension
from control_plane.store.tables.events import events

HOUR_MS: Final = HOUR // timedelta(milliseconds=1)
MAX_GROUPS: Final = 10_000
"""How many kinds of requests a file has at most; the most frequent ones."""

_AT: Final = events.c
_KIND: Final = (
    *(_AT.deployment_type, _AT.host_id, _AT.status_code, _AT.verb, _AT.client_id),
    *(_AT.api_version_id, _AT.api_version, _AT.api_name, _AT.request_disposition),
    *(_AT.policy_id, _AT.policy_name),
)
MEASURES: Final = {
    "response_time": _AT.response_time_ms,
    "request_size": _AT.request_bytes,
    "response_size": _AT.response_bytes,
}


class FileType(StrEnum):
    """What the requests of a file are told apart by, besides what all files have."""

    SUMMARY = "summary"
    IP = "ip"
    PATH = "path"


_FURTHER: Final = {
    FileType.SUMMARY: (),
    FileType.IP: (_AT.client_ip,),
    FileType.PATH: (_AT.path_template,),
}


class Span(NamedTuple):
    """The time of which whole events are kept, in whole hours."""

    first_ms: int
    end_ms: int


def apis(answers: Answers, environment_id: str, span: Span) -> list[int]:
    """The API instances that had requests."""
    at = counted.c
    query = select(at.key).where(*_hours(environment_id, Dimension.API, EVERY_API, span)).distinct()
    return sorted(int(key) for key in answers.connection.scalars(query))


def hours(answers: Answers, environment_id: str, api_id: int, span: Span) -> list[int]:
    """The beginnings of the hours in which the API instance had requests."""
    rows = _hours(environment_id, Dimension.CLASS, api_id, span)
    return sorted(answers.connection.scalars(select(counted.c.start_ms).where(*rows).distinct()))


def _hours(
    environment_id: str, dimension: Dimension, api_id: int, span: Span
) -> Sequence[ColumnElement[bool]]:
    at = counted.c
    return (
        at.grain_s == HOUR // timedelta(seconds=1),
        at.dimension == dimension.value,
        at.environment_id == environment_id,
        at.api_id == api_id,
        at.start_ms >= span.first_ms,
        at.start_ms < span.end_ms,
    )


def groups(
    answers: Answers, environment_id: str, api_id: int, start_ms: int, file_type: FileType
) -> Sequence[RowMapping]:
    """The requests of an hour by kind, with the sums of each measure; one too many is a sign."""
    kind = (*_KIND, *_FURTHER[file_type])
    query: Select[Any] = (
        select(*kind, *_measures())
        .where(
            _AT.environment_id == environment_id,
            _AT.api_id == api_id,
            _AT.received_ms >= start_ms,
            _AT.received_ms < start_ms + HOUR_MS,
        )
        .group_by(*kind)
        .order_by(func.count().desc(), *kind)
        .limit(MAX_GROUPS + 1)
    )
    return answers.connection.execute(query).mappings().all()


def _measures() -> Iterator[ColumnElement[Any]]:
    """Count, sum, minimum, maximum and sum of squares of what is known: -1 is not."""
    for name, column in MEASURES.items():
        known = case((column >= 0, column))
        number = cast(known, Float)
        yield func.count(known).label(f"{name}.count")
        yield func.sum(number).label(f"{name}.sum")
        yield func.min(known).label(f"{name}.min")
        yield func.max(known).label(f"{name}.max")
        yield func.sum(number * number).label(f"{name}.sos")
