"""What the dashboard shows: numbers, bars over time, and rankings, for one period."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from control_plane.analytics.periods import Period
from control_plane.analytics.queries import ApiTotal
from control_plane.analytics.questions import About, Answers, Counts
from control_plane.analytics.response_times import percentile
from control_plane.analytics.tally import Dimension

CLASSES: Final = ("2xx", "3xx", "1xx", "4xx", "5xx", "other", "denied")
"""The classes in the order in which bars are stacked, from below."""
PERCENTS: Final = (50, 95, 99)

RANKED: Final = (
    Dimension.API,
    Dimension.APPLICATION,
    Dimension.PATH,
    Dimension.METHOD,
    Dimension.STATUS,
    Dimension.AGENT,
    Dimension.VIOLATION,
    Dimension.POLICY_ERROR,
)
"""The dimensions that have a ranking."""


class Totals(NamedTuple):
    """The numbers of a whole period."""

    requests: int
    failed: int
    """Answers with a status of 500 or more that no policy gave."""
    denied: int
    percentiles: tuple[float | None, ...]
    """In milliseconds, for each of PERCENTS."""
    received_bytes: int
    sent_bytes: int

    @property
    def error_rate(self) -> float | None:
        """Failed requests as a part of all; None without requests."""
        return self.failed / self.requests if self.requests else None

    @property
    def denied_rate(self) -> float | None:
        """Denied requests as a part of all; None without requests."""
        return self.denied / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All that one page shows."""

    period: Period
    totals: Totals
    before: Totals
    """The same for the period before."""
    classes: list[Counts]
    """Requests by class in each bar."""
    percentiles: list[tuple[float | None, ...]]
    """Response times in each bar, in milliseconds, for each of PERCENTS."""
    rankings: dict[Dimension, Counts]
    newest_ms: int | None
    """When the newest event of the environment came."""
    from_events: bool
    """Whether the numbers end where events are not kept any longer."""


def dashboard(answers: Answers, about: About, period: Period, zone: ZoneInfo) -> Dashboard:
    """Answer all questions about the period."""
    classes = answers.over_time(about, Dimension.CLASS, period)
    times = answers.over_time(about, Dimension.RESPONSE_TIME, period)
    ranked = RANKED if about.api_id is None else RANKED[1:]
    return Dashboard(
        period,
        _totals(_sum(classes), _sum(times), answers.in_all(about, Dimension.BYTES, period)),
        totals(answers, about, period.previous(zone)),
        classes,
        [_percentiles(counts) for counts in times],
        {dimension: answers.in_all(about, dimension, period) for dimension in ranked},
        answers.newest_ms(about.environment_id),
        answers.are_from_events(about, period),
    )


def totals(answers: Answers, about: About, period: Period) -> Totals:
    """The numbers of a period alone."""
    asked = (Dimension.CLASS, Dimension.RESPONSE_TIME, Dimension.BYTES)
    return _totals(*(answers.in_all(about, dimension, period) for dimension in asked))


def api_totals(answers: Answers, environment_id: str, period: Period) -> dict[int, ApiTotal]:
    """What came to each API instance that had requests in the period."""
    asked = (Dimension.API, Dimension.API_FAILED, Dimension.API_DENIED)
    about = About(environment_id)
    requests, failed, denied = (answers.in_all(about, each, period) for each in asked)
    return {int(key): ApiTotal(n, failed[key], denied[key]) for key, n in requests.items()}


def api_p95(
    answers: Answers, environment_id: str, api_ids: Collection[int], period: Period
) -> dict[int, float]:
    """The 95th percentile of the response times of each of these API instances that had any."""
    times = answers.by_api(environment_id, api_ids, Dimension.RESPONSE_TIME, period)
    found = {api_id: percentile(_histogram(counts), 95) for api_id, counts in times.items()}
    return {api_id: time for api_id, time in found.items() if time is not None}


def refusals(answers: Answers, about: About, period: Period) -> dict[tuple[str, str], int]:
    """How often each policy refused a request in the period, or failed, by its id and name."""
    found = answers.in_all(about, Dimension.POLICY, period)
    keys = {key: key.partition("/") for key in found}
    return {(policy_id, name): found[key] for key, (policy_id, _, name) in keys.items()}


def _totals(classes: Counts, times: Counts, sizes: Counts) -> Totals:
    return Totals(
        classes.total(),
        classes["5xx"],
        classes["denied"],
        _percentiles(times),
        sizes["in"],
        sizes["out"],
    )


def _percentiles(times: Counts) -> tuple[float | None, ...]:
    histogram = _histogram(times)
    return tuple(percentile(histogram, percent) for percent in PERCENTS)


def _histogram(times: Counts) -> dict[int, int]:
    return {int(number): count for number, count in times.items()}


def _sum(bars: list[Counts]) -> Counts:
    found: Counts = Counter()
    for counts in bars:
        found.update(counts)
    return found
