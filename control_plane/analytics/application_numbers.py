"""Stores the counts of single applications beside the rollups, and reads them.

As with the rollups, a batch only appends what it counts, and that of some seconds is added at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, Table, delete, select, text, tuple_, union_all

from control_plane.analytics.application_counts import (
    MAX_APPLICATIONS,
    ApplicationTime,
    Counted,
    Counts,
    add,
    folded,
    pack,
    unpack,
)
from control_plane.analytics.rollups import HOUR, QUARTER
from control_plane.analytics.tally import Dimension
from control_plane.store.bulk import insert_rows
from control_plane.store.tables.events import application_numbers, application_tallies

GRAINS: Final = (QUARTER, HOUR)

_SECOND: Final = timedelta(seconds=1)
_MILLISECOND: Final = timedelta(milliseconds=1)
_PLACES_AT_ONCE: Final = 500
_STORE: Final = text(
    "INSERT INTO application_numbers (grain_s, environment_id, client_id, start_ms, counts)"
    " VALUES (:grain_s, :environment_id, :client_id, :start_ms, :counts)"
    " ON CONFLICT (environment_id, client_id, grain_s, start_ms)"
    " DO UPDATE SET counts = excluded.counts"
)


def append(connection: Connection, counted: Counted) -> None:
    """Keep the counts of a batch until they are folded."""
    rows = [(*place, pack(counts)) for place, counts in counted.items()]
    insert_rows(connection, application_tallies, rows)


def fold(connection: Connection, oldest: Mapping[timedelta, int]) -> None:
    """Add the counts that wait to the numbers."""
    store(connection, _unpacked(connection.execute(select(application_tallies))), oldest)
    connection.execute(delete(application_tallies))


def store(
    connection: Connection,
    counted: Iterable[tuple[ApplicationTime, Counts]],
    oldest: Mapping[timedelta, int],
) -> None:
    """Add counts to the numbers of each grain, except where they are too old."""
    quarters = folded(counted, QUARTER // _MILLISECOND)
    by_hour = folded(quarters.items(), HOUR // _MILLISECOND)
    chosen = _with_room(connection, by_hour)
    for grain, found in ((QUARTER, quarters), (HOUR, by_hour)):
        _add(
            connection,
            grain,
            {
                place: counts
                for place, counts in found.items()
                if place.start_ms >= oldest[grain] and _hour(place) in chosen
            },
        )


def _with_room(connection: Connection, by_hour: Counted) -> set[ApplicationTime]:
    """The applications that are counted in their hour already, and others while there is room."""
    known = defaultdict[tuple[str, int], set[str]](set)
    at = application_numbers.c
    stored = select(at.environment_id, at.client_id, at.start_ms).where(
        at.grain_s == HOUR // _SECOND, at.start_ms.in_({place.start_ms for place in by_hour})
    )
    for environment_id, client_id, start_ms in connection.execute(stored):
        known[environment_id, start_ms].add(client_id)
    found = set()
    for place in sorted(by_hour, key=lambda place: -_requests(by_hour[place])):
        clients = known[place.environment_id, place.start_ms]
        if place.client_id in clients or len(clients) < MAX_APPLICATIONS:
            clients.add(place.client_id)
            found.add(place)
    return found


def _requests(counts: Counts) -> int:
    return sum(counts[Dimension.CLASS].values())


def _hour(place: ApplicationTime) -> ApplicationTime:
    return place._replace(start_ms=place.start_ms - place.start_ms % (HOUR // _MILLISECOND))


def _add(connection: Connection, grain: timedelta, counted: Counted) -> None:
    seconds, at, places = grain // _SECOND, application_numbers.c, [*counted]
    sums: dict[ApplicationTime, Counts] = {}
    for first in range(0, len(places), _PLACES_AT_ONCE):
        part = tuple_(at.environment_id, at.client_id, at.start_ms).in_(
            places[first : first + _PLACES_AT_ONCE]
        )
        stored = _columns(application_numbers).where(at.grain_s == seconds, part)
        sums.update(_unpacked(connection.execute(stored)))
    for place, counts in counted.items():
        add(sums.setdefault(place, {}), counts)
    rows = [
        {"grain_s": seconds, **place._asdict(), "counts": pack(each)}
        for place, each in sums.items()
    ]
    if rows:
        connection.execute(_STORE, rows)


def numbers(
    environment_id: str, client_id: str, grain: timedelta, since_ms: int, until_ms: int
) -> Select[Any]:
    """Start and text of what is stored of an application, and of what waits to be added."""
    parts = []
    for table in (application_numbers, application_tallies):
        at = table.c
        part = select(at.start_ms, at.counts).where(
            at.environment_id == environment_id,
            at.client_id == client_id,
            at.start_ms >= since_ms,
            at.start_ms < until_ms,
        )
        is_stored = table is application_numbers
        parts.append(part.where(at.grain_s == grain // _SECOND) if is_stored else part)
    found = union_all(*parts).subquery("counted")
    return select(found.c.start_ms, found.c.counts)


def remove_old(connection: Connection, oldest: Mapping[timedelta, int]) -> None:
    """Delete what is not kept any longer."""
    at = application_numbers.c
    for grain in GRAINS:
        old = (at.grain_s == grain // _SECOND) & (at.start_ms < oldest[grain])
        connection.execute(delete(application_numbers).where(old))


def clear(connection: Connection, since_ms: int, until_ms: int) -> None:
    """Delete the numbers between two whole hours, and what waits to be added to them."""
    for table in (application_numbers, application_tallies):
        at = table.c.start_ms
        connection.execute(delete(table).where(at >= since_ms, at < until_ms))


def _columns(table: Table) -> Select[Any]:
    at = table.c
    return select(at.environment_id, at.client_id, at.start_ms, at.counts)


def _unpacked(rows: Iterable[Any]) -> Iterator[tuple[ApplicationTime, Counts]]:
    for *place, counts in rows:
        yield ApplicationTime(*place), unpack(counts)
