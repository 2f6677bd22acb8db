"""What an alert may be: its limits, and what is wrong with one. Pure functions."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from pydantic import Field

from control_plane.alerts.rules import OF_ENVIRONMENT, UNITS, Kind, Operator, Unit

PERCENTS: Final = (50, 95, 99)

MAX_ALERTS: Final = 500
"""In an environment."""
MAX_MAILS: Final = 20
"""Recipients of mail that an alert has."""
MAX_SILENCE_MINUTES: Final = 7 * 1440

Threshold = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
PeriodCount = Annotated[int, Field(ge=1, le=1440)]
Periods = Annotated[int, Field(ge=1, le=10)]
Minimum = Annotated[int, Field(ge=0, le=1_000_000)]
RepeatMinutes = Annotated[int, Field(ge=0, le=7 * 1440)]
Severity = Literal["CRITICAL", "WARNING", "INFO"]

MOST_MINUTES: Final = timedelta(days=1)
"""All periods together, if they are counted in minutes: rollups of minutes are not kept long."""
MOST: Final = timedelta(days=30)
"""All periods together, if they are counted in hours or days."""
MOST_OF_LOSS: Final = timedelta(days=1)

EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}")
"""Addresses that mail servers take without extensions, and that can't end a line of a header."""


Say = Callable[[Kind | Operator], str]


def faults_of(columns: Mapping[str, Any], api_id: int | None, say: Say = str) -> dict[str, str]:
    """What is wrong with an alert, by column. Single values are within their limits already.

    `say` gives the word by which the reader knows a value.
    """
    kind = Kind(columns["kind"])
    found = [*_of_threshold(kind, columns, say), *_of_periods(kind, columns, say)]
    if kind in OF_ENVIRONMENT and api_id is not None:
        found.append(("kind", "is measured of the whole environment; leave the API out"))
    return dict(found)


def _of_threshold(kind: Kind, columns: Mapping[str, Any], say: Say) -> Iterator[tuple[str, str]]:
    threshold = columns["threshold"]
    if kind in OF_ENVIRONMENT and columns["operator"] != Operator.ABOVE:
        yield "operator", f"must be {say(Operator.ABOVE)} for {say(kind)}"
    elif columns["operator"] == Operator.BELOW and threshold == 0:
        yield "threshold", "must be over 0, because nothing is less than 0"
    if kind is Kind.ERROR_RATE and threshold >= 100:
        yield "threshold", "must be under 100, because it is in percent"
    if kind is Kind.SILENCE and not 1 <= threshold <= MAX_SILENCE_MINUTES:
        yield "threshold", f"must be from 1 to {MAX_SILENCE_MINUTES:,} minutes"


def _of_periods(kind: Kind, columns: Mapping[str, Any], say: Say) -> Iterator[tuple[str, str]]:
    unit, periods = columns["period_unit"], columns["periods"]
    length = columns["period_count"] * UNITS[unit]
    if kind in OF_ENVIRONMENT and periods != 1:
        yield "periods", f"must be 1 for {say(kind)}"
    if kind is Kind.LOSS and length > MOST_OF_LOSS:
        yield "period_count", "events lost are counted within a day at most"
    elif unit == Unit.MINUTES and length * periods > MOST_MINUTES:
        yield "period_count", "all periods together have at most a day; count in hours or days"
    elif length * periods > MOST:
        yield "period_count", f"all periods together have at most {MOST.days} days"
