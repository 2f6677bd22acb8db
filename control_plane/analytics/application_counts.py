"""All that is counted of one application in a time, packed into one text.

The page of an application asks as many questions as that of an API. There are many applications,
and each has few requests in a batch: with a row for each number, storing an event would cost twice
as much.
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from heapq import nlargest
from operator import itemgetter
from typing import Final, NamedTuple, TypeAlias

from control_plane.analytics.rollups import BOUNDED, QUARTER
from control_plane.analytics.tally import (
    OTHER,
    Dimension,
    EventRow,
    counts_of,
    positions,
    status_class,
)

Counts: TypeAlias = dict[str, dict[str, int]]
"""By dimension and key."""

MAX_APPLICATIONS: Final = 500
"""Applications that are counted in a quarter of an hour of a batch, and in an hour: the busiest.
A row has 1 to 2 KB. The pages of the others are made from their few events."""


class ApplicationTime(NamedTuple):
    """Which application is counted, and from when on."""

    environment_id: str
    client_id: str
    """Empty for requests without an application."""
    start_ms: int


Counted: TypeAlias = Mapping[ApplicationTime, Counts]

_BOUNDED: Final = {dimension.value: bound for dimension, bound in BOUNDED.items()}
_QUARTER_MS: Final = QUARTER // timedelta(milliseconds=1)
_time: Final = itemgetter(*positions("environment_id", "client_id", "received_ms"))
_answer: Final = itemgetter(*positions("api_id", "status_code", "request_disposition"))


def count(rows: Iterable[EventRow]) -> Counted:
    """What the events of the busiest applications add, by quarters of an hour."""
    groups: defaultdict[ApplicationTime, list[EventRow]] = defaultdict(list)
    for row in rows:
        environment_id, client_id, received_ms = _time(row)
        start_ms = received_ms - received_ms % _QUARTER_MS
        groups[ApplicationTime(environment_id, client_id or "", start_ms)].append(row)
    quarters: defaultdict[tuple[str, int], list[ApplicationTime]] = defaultdict(list)
    for time in groups:
        quarters[time.environment_id, time.start_ms].append(time)
    return {
        time: _counts(groups[time])
        for times in quarters.values()
        for time in nlargest(MAX_APPLICATIONS, times, key=lambda each: len(groups[each]))
    }


def _counts(rows: list[EventRow]) -> Counts:
    found: Counts = {dimension.value: counts for dimension, counts in counts_of(rows)}
    told = [(str(api_id), status_class(*answer)) for api_id, *answer in map(_answer, rows)]
    found[Dimension.API] = Counter(api_id for api_id, _ in told)
    found[Dimension.API_DENIED] = Counter(api_id for api_id, what in told if what == "denied")
    found[Dimension.API_FAILED] = Counter(api_id for api_id, what in told if what == "5xx")
    return found


def folded(
    counted: Iterable[tuple[ApplicationTime, Counts]], length_ms: int
) -> dict[ApplicationTime, Counts]:
    """The sums by longer periods."""
    found: dict[ApplicationTime, Counts] = {}
    for time, counts in counted:
        longer = time._replace(start_ms=time.start_ms - time.start_ms % length_ms)
        add(found.setdefault(longer, {}), counts)
    return found


def add(to: Counts, more: Counts) -> None:
    """Add counts; keys for which a dimension has no room count as `other`."""
    for dimension, counts in more.items():
        kept = to.setdefault(dimension, {})
        bound = _BOUNDED.get(dimension, math.inf)
        for key, amount in counts.items():
            has_room = key in kept or len(kept) < bound
            counted = key if has_room else OTHER
            kept[counted] = kept.get(counted, 0) + amount


def pack(counts: Counts) -> str:
    """As text; without the dimensions in which nothing was counted."""
    return json.dumps({dimension: found for dimension, found in counts.items() if found})


def unpack(text: str) -> Counts:
    """The counts in a text."""
    found: Counts = json.loads(text)
    return found
