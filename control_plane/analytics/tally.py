"""Counts events by minute, API and key: one dimension for each question of the dashboard.

Dimensions are narrow. To cross them, such as applications with paths, would need many more rows
than there are questions. Each event adds 1 to one key of every dimension, so the totals of all
dimensions agree. Only `bytes` are sums of something else, not every event has a response time or
violates a policy, and some dimensions count only what was denied or failed.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
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
TOO_MANY_REQUESTS: Final = 429
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

RECEIVED_MS: Final = _POSITIONS["received_ms"]
"""Where an event's row has the time of its request."""


def positions(*names: str) -> list[int]:
    """Where an event's row has these columns."""
    return [_POSITIONS[name] for name in names]


def _values(*names: str) -> Callable[[EventRow], Any]:
    return itemgetter(*positions(*names))


_place: Final = _values("environment_id", "api_id", "received_ms")
_counted: Final = _values(
    *("status_code", "request_disposition", "verb", "client_id", "path_template", "agent"),
    *("response_time_ms", "request_bytes", "response_bytes"),
    *("policy_name", "policy_id", "policy_outcome"),
)


def tally(rows: Iterable[EventRow]) -> Tally:
    """What the events add to each cell of each minute, of every API and of their environments."""
    groups: defaultdict[tuple[str, int, int], list[EventRow]] = defaultdict(list)
    for row in rows:
        environment_id, api_id, received_ms = _place(row)
        start = received_ms - received_ms % MINUTE_MS
        groups[environment_id, api_id, start].append(row)
    counted: Tally = {}
    for at, members in groups.items():
        for dimension, counts in counts_of(members):
            counted.update({(dimension, *at, key): number for key, number in counts.items()})
    return _with_environments(counted)


def folded(tally: Tally, length_ms: int) -> Tally:
    """The tally by longer periods."""
    found: defaultdict[Cell, int] = defaultdict(int)
    for (dimension, environment_id, api_id, start, key), amount in tally.items():
        found[dimension, environment_id, api_id, start - start % length_ms, key] += amount
    return found


def counts_of(rows: list[EventRow]) -> Iterator[tuple[Dimension, Counter[str]]]:
    """What is counted of these events in each dimension.

    Column by column, because a Counter is C: thousands of events come each second.
    """
    columns = zip(*map(_counted, rows), strict=True)
    statuses, dispositions, verbs, clients, templates, agents, *rest = columns
    times, received, sent, *violations = rest
    yield Dimension.CLASS, Counter(map(status_class, statuses, dispositions))
    yield Dimension.STATUS, Counter(map(str, statuses))
    yield Dimension.METHOD, Counter(verb if verb in METHODS else OTHER for verb in verbs)
    yield from _of_applications(statuses, dispositions, [client or "" for client in clients])
    yield Dimension.PATH, Counter(templates)
    yield Dimension.AGENT, Counter(agents)
    yield Dimension.RESPONSE_TIME, Counter(str(bucket(ms)) for ms in times if ms is not None)
    yield Dimension.BYTES, +Counter({"in": _bytes(received), "out": _bytes(sent)})
    yield from _of_policies([each for each in zip(*violations, strict=True) if each[-1]])


def _of_policies(
    violations: Sequence[tuple[Any, ...]],
) -> Iterator[tuple[Dimension, Counter[str]]]:
    named = [(name or id_ or "", outcome) for name, id_, outcome in violations]
    yield Dimension.VIOLATION, Counter(name for name, what in named if what != "ERROR")
    yield Dimension.POLICY_ERROR, Counter(name for name, what in named if what == "ERROR")
    both = (f"{id_}/{name or ''}" for name, id_, _ in violations if id_ is not None)
    yield Dimension.POLICY, Counter(both)


def _of_applications(
    statuses: Iterable[int], dispositions: Iterable[str], clients: list[str]
) -> Iterator[tuple[Dimension, Counter[str]]]:
    yield Dimension.APPLICATION, Counter(clients)
    told = [*zip(statuses, dispositions, clients, strict=True)]
    denied = [(status, client) for status, what, client in told if what != "PROCESSED"]
    yield Dimension.APPLICATION_DENIED, Counter(client for _, client in denied)
    limited = (client for status, client in denied if status == TOO_MANY_REQUESTS)
    yield Dimension.APPLICATION_LIMITED, Counter(limited)
    failed = (client for n, what, client in told if what == "PROCESSED" and n // 100 == 5)
    yield Dimension.APPLICATION_FAILED, Counter(failed)


def _bytes(sizes: Iterable[int]) -> int:
    return sum(min(size, MAX_BYTES) for size in sizes if size > 0)


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
