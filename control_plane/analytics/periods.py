"""Periods of the dashboard, and the bars that they are divided into.

A day begins at midnight of the viewer's time zone, also when that is half an hour off, and has 23
or 25 hours when daylight saving time begins or ends.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from control_plane.analytics.rollups import GRAINS, HOUR, MINUTE, QUARTER
from control_plane.clock import epoch_ms, from_epoch_ms
from control_plane.errors import Invalid

MILLISECOND: Final = timedelta(milliseconds=1)
DAY: Final = timedelta(days=1)
FIVE_MINUTES: Final = timedelta(minutes=5)


class Range(NamedTuple):
    """A choice of how far back a page looks."""

    label: str
    length: timedelta
    bar: timedelta


RANGES: Final = {
    "15m": Range("15 minutes", timedelta(minutes=15), MINUTE),
    "1h": Range("1 hour", HOUR, MINUTE),
    "6h": Range("6 hours", timedelta(hours=6), FIVE_MINUTES),
    "24h": Range("24 hours", DAY, QUARTER),
    "7d": Range("7 days", timedelta(days=7), HOUR),
    "30d": Range("30 days", timedelta(days=30), DAY),
    "90d": Range("90 days", timedelta(days=90), DAY),
    "13mo": Range("13 months", timedelta(days=396), DAY),
}
DEFAULT_RANGE: Final = "24h"
LONGEST: Final = RANGES["13mo"].length

_MAX_BARS: Final = 120
_STEPS: Final = {
    MINUTE: "1 minute",
    FIVE_MINUTES: "5 minutes",
    QUARTER: "15 minutes",
    HOUR: "1 hour",
    DAY: "1 day",
}


class Run(NamedTuple):
    """Bars of equal length, one after the other."""

    first: int
    """The number of the first bar."""
    start_ms: int
    end_ms: int
    bar_ms: int


@dataclass(frozen=True, slots=True)
class Period:
    """A time that a page is about."""

    edges: tuple[int, ...]
    """Where bars begin, and where the last one ends, in milliseconds since 1970."""
    bar: timedelta

    @classmethod
    def recent(cls, chosen: Range, now: datetime, zone: ZoneInfo) -> "Period":
        """The last bars until now; the last one is not over yet."""
        return cls._ending(now, chosen.length // chosen.bar, chosen.bar, zone)

    @classmethod
    def between(
        cls, since: datetime, until: datetime, zone: ZoneInfo, kept: Mapping[timedelta, int]
    ) -> "Period":
        """The bars that have any part of the time; raise Invalid for a time that is no period."""
        if until <= since:
            raise Invalid("until: must be after since")
        if until - since > LONGEST:
            raise Invalid(f"since: a period has at most {LONGEST.days} days")
        few = [step for step in _STEPS if (until - since) / step <= _MAX_BARS]
        bar = next((step for step in few if kept[_grain(step)] <= epoch_ms(since)), DAY)
        found = cls._ending(until - MILLISECOND, -((since - until) // bar) + 1, bar, zone)
        first = next(edge for edge in reversed(found.edges) if edge <= epoch_ms(since))
        return cls(found.edges[found.edges.index(first) :], bar)

    @classmethod
    def _ending(cls, last: datetime, number: int, bar: timedelta, zone: ZoneInfo) -> "Period":
        if bar == DAY:
            day = last.astimezone(zone).date() + DAY
            days = (day - back * DAY for back in range(number, -1, -1))
            # A wall time in a zone: midnight, wherever that is on the clock of the world.
            return cls(tuple(epoch_ms(_midnight(each.isoformat(), zone)) for each in days), bar)
        length = _ms(bar)
        end = (epoch_ms(last) // length + 1) * length
        return cls(tuple(range(end - number * length, end + 1, length)), bar)

    @property
    def start_ms(self) -> int:
        """The beginning."""
        return self.edges[0]

    @property
    def end_ms(self) -> int:
        """The first moment after it."""
        return self.edges[-1]

    @property
    def step(self) -> str:
        """The length of a bar, in words."""
        return _STEPS[self.bar]

    def previous(self, zone: ZoneInfo) -> "Period":
        """The period of the same length before this one."""
        last = from_epoch_ms(self.start_ms - 1)
        return self._ending(last, len(self.edges) - 1, self.bar, zone)

    def as_one_bar(self) -> "Period":
        """The same time as a single bar."""
        return Period((self.start_ms, self.end_ms), self.bar)

    def grain(self, kept: Mapping[timedelta, int]) -> timedelta:
        """The grain of the rollups to read: the longest that fits all bars, if it is kept.

        `kept` has the first moment of each grain.
        """
        fitting = [grain for grain in GRAINS if not any(edge % _ms(grain) for edge in self.edges)]
        return next((grain for grain in reversed(fitting) if kept[grain] <= self.start_ms), HOUR)

    def runs(self, grain: timedelta) -> Iterator[Run]:
        """The bars by their length, which differs only when the clocks change.

        Edges that do not fit the grain are moved back to where one of its rows begins.
        """
        edges = [edge - edge % _ms(grain) for edge in self.edges]
        bars = enumerate(pairwise(edges))
        for length, same in groupby(bars, lambda bar: bar[1][1] - bar[1][0]):
            run = [*same]
            if length:
                yield Run(run[0][0], run[0][1][0], run[-1][1][1], length)


def _midnight(day: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=zone).astimezone(UTC)


def _grain(step: timedelta) -> timedelta:
    return max(grain for grain in GRAINS if grain <= step)


def _ms(length: timedelta) -> int:
    return length // MILLISECOND
