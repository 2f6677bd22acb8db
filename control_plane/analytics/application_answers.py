"""Answers about one application from its stored numbers, which are read once for all questions."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from control_plane.analytics.application_counts import ApplicationTime, Counts, unpack
from control_plane.analytics.application_numbers import numbers
from control_plane.analytics.application_rows import ApplicationRows
from control_plane.analytics.periods import Period
from control_plane.analytics.reader import Reader
from control_plane.analytics.tally import EVERY_API, OTHER, Dimension


@dataclass(frozen=True, slots=True)
class Numbers:
    """The counts of an application in each time of a grain."""

    grain: timedelta
    times: list[tuple[int, Counts]]

    def over_time(self, dimension: Dimension, period: Period) -> list[Counter[str]]:
        """The counts by key in each bar of the period."""
        found: list[Counter[str]] = [Counter() for _ in period.edges[1:]]
        for run in period.runs(self.grain):
            for start_ms, counts in self.times:
                if run.start_ms <= start_ms < run.end_ms:
                    bar = run.first + (start_ms - run.start_ms) // run.bar_ms
                    found[bar].update(counts.get(dimension, {}))
        return found


def read(reader: Reader, place: ApplicationTime, grain: timedelta, end_ms: int) -> Numbers | None:
    """What is stored of the application from the place's time on; None if it is not complete.

    It is not for the least busy of very many applications, and from before it was stored.
    """
    step_ms = grain // timedelta(milliseconds=1)
    start_ms, end_ms = (each - each % step_ms for each in (place.start_ms, end_ms))
    query = numbers(place.environment_id, place.client_id, grain, start_ms, end_ms)
    found = Numbers(grain, [(start, unpack(text)) for start, text in reader.execute(query)])
    counted = sum(sum(counts[Dimension.CLASS].values()) for _, counts in found.times)
    rows = ApplicationRows(
        place.environment_id,
        [place.client_id, OTHER],
        [Dimension.APPLICATION],
        grain,
        start_ms,
        end_ms,
        [EVERY_API],
    )
    requests = reader.scalar(select(func.sum(rows.query().c.amount)))
    return found if counted == (requests or 0) else None
