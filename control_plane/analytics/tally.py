"""Counts events by minute, API and key: one dimension for each question of the dashboard.

Dimensions are narrow. To cross them, such as applications with paths, would need many more rows
than there are questions. Each event adds 1 to one key of every dimension, so the totals of all
dimensions agree. Only `bytes` are sums of something else, not every event has a response time or
violates a policy, and some dimensions count only what was denied or failed.
"""

from collections import defaultdict
from collections.abc import Iterable
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final, TypeAlias

from control_plane.analytics.response_times import LAYOUT, bucket
from control_plane.store.tables.events import events

EventRow: TypeAlias = tuple[Any, ...]
"""An event's values, in the order of the columns of `events`."""

EVERY_API: Final = 0
"""The API id of the rollups of a whole environment. No API instance has it."""

MINUTE_MS: Final = 60_000

MAX_BYTES: Final = 2**40
"""An event adds at most these bytes: sums of impossible sizes would not fit into 64 bits."""

METHODS: Final = frozenset(
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "TCP"]
)
_TOO_MANY_REQUESTS: Final = 429
OTHER: Final = "other"
"""The key of all that has no key of its own."""


class Dimension(StrEnum):
    """What is counted."""

    CLASS = "class"
    """Requests by `denied`, or the class of the status: `2xx`."""
    STATUS = "status"
    METHOD = "method"
    APPLICATION = "application"
    """By client id; empty for requests without an application. So are the next three."""
    APPLICATION_DENIED = "application_denied"
    APPLICATION_FAILED = "application_failed"
    APPLICATION_LIMITED = "application_limited"
    """Requests that a policy refused with 429: a limit was reached."""
    PATH = "path"
    """By path template."""
    AGENT = "agent"
    """By the family of the user agent."""
    VIOLATION = "violation"
    """Requests that a policy refused, by the policy's name."""
    POLICY_ERROR = "policy_error"
    """Requests that a policy could not judge."""
    POLICY = "policy"
    """Both, by the policy's id and name, such as `7/cors`."""
    RESPONSE_TIME = f"response_time_{LAYOUT}"
    """By bucket of the histogram; see `response_times`."""
    BYTES = "bytes"
    """The sums of the sizes of bodies: `in` and `out`."""
    API = "api"
    """Of the whole environment only, as are the next two: by API id."""
    API_DENIED = "api_denied"
    API_FAILED = "api_failed"
    """Answers with a status of 500 or more that no policy gave."""


Cell: TypeAlias = tuple[Dimension, str, int, int, str]
"""What a number is about: dimension, environment, API, start in ms since 1970, and key."""

Tally: TypeAlias = dict[Cell, int]

_POSITIONS: Final = {name: number for number, name in enumerate(events.columns.keys())}
_counted: Final = itemgetter(
    *(
        _POSITIONS[name]
        for name in (
            *("environment_id", "api_id", "received_ms", "status_code", "request_disposition"),
            *("verb", "client_id", "path_template", "agent", "response_time_ms"),
            *("request_bytes", "response_bytes", "policy_name", "policy_id", "policy_outcome"),
        )
    )
)


def tally(rows: Iterable[EventRow]) -> Tally:
    """What the events add to each cell of each minute, of every API and of their environments."""
    counted: defaultdict[Cell, int] = defaultdict(int)
    for row in rows:
        _count(counted, *_counted(row))
    return _with_environments(counted)


def folded(tally: Tally, length_ms: int) -> Tally:
    """The tally by longer periods."""
    found: defaultdict[Cell, int] = defaultdict(int)
    for (dimension, environment_id, api_id, start, key), amount in tally.items():
        found[dimension, environment_id, api_id, start - start % length_ms, key] += amount
    return found


def _count(
    counted: defaultdict[Cell, int],
    environment_id: str,
    api_id: int,
    received_ms: int,
    status: int,
    disposition: str,
    verb: str,
    client_id: str | None,
    template: str,
    agent: str,
    response_time_ms: int | None,
    request_bytes: int,
    response_bytes: int,
    policy_name: str | None,
    policy_id: str | None,
    outcome: str | None,
) -> None:
    """Plain tuples in one function: this runs for each of thousands of events a second."""
    start = received_ms - received_ms % MINUTE_MS
    at = (environment_id, api_id, start)
    counted[Dimension.CLASS, *at, status_class(status, disposition)] += 1
    counted[Dimension.STATUS, *at, str(status)] += 1
    counted[Dimension.METHOD, *at, verb if verb in METHODS else OTHER] += 1
    client = client_id or ""
    counted[Dimension.APPLICATION, *at, client] += 1
    if disposition != "PROCESSED":
        counted[Dimension.APPLICATION_DENIED, *at, client] += 1
        if status == _TOO_MANY_REQUESTS:
            counted[Dimension.APPLICATION_LIMITED, *at, client] += 1
    elif status // 100 == 5:
        counted[Dimension.APPLICATION_FAILED, *at, client] += 1
    counted[Dimension.PATH, *at, template] += 1
    counted[Dimension.AGENT, *at, agent] += 1
    if response_time_ms is not None:
        counted[Dimension.RESPONSE_TIME, *at, str(bucket(response_time_ms))] += 1
    if outcome is not None:
        dimension = Dimension.POLICY_ERROR if outcome == "ERROR" else Dimension.VIOLATION
        counted[dimension, *at, policy_name or policy_id or ""] += 1
        if policy_id is not None:
            counted[Dimension.POLICY, *at, f"{policy_id}/{policy_name or ''}"] += 1
    if request_bytes > 0:
        counted[Dimension.BYTES, *at, "in"] += min(request_bytes, MAX_BYTES)
    if response_bytes > 0:
        counted[Dimension.BYTES, *at, "out"] += min(response_bytes, MAX_BYTES)


def status_class(status: int, disposition: str) -> str:
    """`denied`, or the class of the status such as `2xx`; `other` if HTTP knows none."""
    if disposition != "PROCESSED":
        return "denied"
    return f"{status // 100}xx" if 100 <= status < 600 else OTHER


def _with_environments(counted: Tally) -> Tally:
    """The counts of APIs, and their sums for the environments."""
    found = defaultdict(int, counted)
    for (dimension, environment_id, api_id, start, key), amount in counted.items():
        found[dimension, environment_id, EVERY_API, start, key] += amount
        if dimension is Dimension.CLASS:
            for other in _of_apis(key):
                found[other, environment_id, EVERY_API, start, str(api_id)] += amount
    return found


def _of_apis(key: str) -> tuple[Dimension, ...]:
    if key == "denied":
        return Dimension.API, Dimension.API_DENIED
    return (Dimension.API, Dimension.API_FAILED) if key == "5xx" else (Dimension.API,)
