"""Numbers of API instances for monitoring systems: counters that begin anew each day, in UTC.

Old rollups are deleted, so a sum over all of them would fall, and fall at odd times. The sum of a
day only grows until midnight. Monitoring systems understand that a counter begins at 0 again.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from control_plane.analytics.questions import Answers
from control_plane.analytics.response_times import milliseconds_of
from control_plane.analytics.rollups import HOUR
from control_plane.analytics.tallies import counted
from control_plane.analytics.tally import EVERY_API, Dimension
from control_plane.clock import epoch_ms

BOUNDS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the histogram's buckets."""


@dataclass(slots=True)
class ApiNumbers:
    """What came to an API instance today."""

    classes: Counter[str] = field(default_factory=Counter)
    """Requests by class of the status, or `denied`."""
    times: Counter[str] = field(default_factory=Counter)
    """Requests by bucket of the response time; see `response_times`."""

    def buckets(self) -> list[int]:
        """Requests that took at most as long as each of the bounds, and in the end all."""
        within = [
            sum(n for key, n in self.times.items() if _seconds(key) <= bound) for bound in BOUNDS_S
        ]
        return [*within, self.times.total()]

    def seconds(self) -> float:
        """The sum of all response times, at most 2 % wrong."""
        return sum(_seconds(key) * n for key, n in self.times.items())

    def without(self, others: Collection["ApiNumbers"]) -> "ApiNumbers":
        """What is left without these."""
        left = ApiNumbers(self.classes.copy(), self.times.copy())
        for other in others:
            left.classes -= other.classes
            left.times -= other.times
        return left


def _seconds(bucket: str) -> float:
    return milliseconds_of(int(bucket)) / 1000


def of_today(
    answers: Answers, environment_id: str, api_ids: Collection[int], now: datetime
) -> tuple[dict[int, ApiNumbers], ApiNumbers]:
    """The numbers of these API instances, and those of all others together."""
    at, found = counted.c, defaultdict[int, ApiNumbers](ApiNumbers)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    query = (
        select(at.api_id, at.dimension, at.key, func.sum(at.amount))
        .where(
            at.grain_s == HOUR // timedelta(seconds=1),
            at.dimension.in_([Dimension.CLASS.value, Dimension.RESPONSE_TIME.value]),
            at.environment_id == environment_id,
            at.api_id.in_([EVERY_API, *api_ids]),
            at.start_ms >= epoch_ms(midnight),
        )
        .group_by(at.api_id, at.dimension, at.key)
    )
    for api_id, dimension, key, number in answers.connection.execute(query):
        numbers = found[api_id]
        counts = numbers.classes if dimension == Dimension.CLASS else numbers.times
        counts[key] = int(number)
    every = found.pop(EVERY_API, ApiNumbers())
    return dict(found), every.without(found.values())
