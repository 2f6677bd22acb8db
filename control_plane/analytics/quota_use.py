"""How much of each limit an application used: counted from events, not asked of gateways.

A gateway begins a quota window with the first request after the one before. So the windows are
found again by following the requests. This is exact if the application was silent for one period
not long ago, and to a few minutes otherwise. Gateways that count alone have windows of their own;
this is their sum.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from control_plane.analytics.application_use import Cell, admitted, admitted_events, by_api
from control_plane.analytics.periods import MILLISECOND
from control_plane.analytics.questions import Answers
from control_plane.analytics.rollups import HOUR, MINUTE, QUARTER
from control_plane.analytics.tally import Dimension
from control_plane.clock import epoch_ms, from_epoch_ms
from control_plane.store.tables import SlaTier

_LOOK_BACK: Final = 4
"""Periods that are looked at to find where a window begins."""
_LOOK_BACK_IN_EVENTS: Final = 2
_STEPS: Final = 100
"""Into how many parts a short period is divided."""
_NONE: Final = timedelta(0)
"""The grain of single events."""
_GRAINS: Final = {
    timedelta(minutes=2): _NONE,
    timedelta(hours=6): MINUTE,
    timedelta(days=14): QUARTER,
}
"""The grain for periods below a length. Longer ones are counted by the hour."""


class Limit(NamedTuple):
    """A promise: so many requests in a period."""

    maximum: int
    period_ms: int


def limits_in(tier: SlaTier | None) -> list[Limit]:
    """The limits of an SLA tier; none without a tier."""
    given = [] if tier is None else tier.limits
    return [Limit(each["maximumRequests"], each["timePeriodInMilliseconds"]) for each in given]


class LimitUse(NamedTuple):
    """How much of a limit is used in the window that runs now."""

    limit: Limit
    used: int
    resets_at: datetime | None
    """When the window ends; None if none runs. The next one begins with a request."""

    @property
    def left(self) -> int:
        """What may still come. Gateways that count alone may have admitted more than the limit."""
        return max(0, self.limit.maximum - self.used)


class QuotaUse(NamedTuple):
    """What an application used of the limits at one API instance."""

    limits: list[LimitUse]
    hits_of_day: int
    """Requests that were refused with 429 in the last 24 hours."""
    hits_of_week: int


def quota_use(
    answers: Answers,
    environment_id: str,
    client_id: str,
    limits: Mapping[int, Sequence[Limit]],
    now: datetime,
) -> dict[int, QuotaUse]:
    """For each API instance, the client's use of the limits that it has there."""
    read = _Reading(answers, environment_id, client_id, limits.keys(), now)
    cells = read.requests({limit.period_ms for given in limits.values() for limit in given})
    day, week = (
        by_api(answers, environment_id, client_id, Dimension.APPLICATION_LIMITED, now, span)
        for span in (timedelta(days=1), timedelta(days=7))
    )
    return {
        api_id: QuotaUse(
            [limit_use(limit, cells[limit.period_ms].get(api_id, ()), now) for limit in given],
            day[api_id],
            week[api_id],
        )
        for api_id, given in limits.items()
    }


def limit_use(limit: Limit, requests: Sequence[Cell], now: datetime) -> LimitUse:
    """Follow the requests from window to window, up to the one that runs now."""
    end_ms = used = 0
    for cell in requests:
        if cell.start_ms >= end_ms:
            end_ms, used = cell.start_ms + limit.period_ms, 0
        used += cell.requests
    if end_ms <= epoch_ms(now):
        return LimitUse(limit, 0, None)
    return LimitUse(limit, used, from_epoch_ms(end_ms))


@dataclass(frozen=True, slots=True)
class _Reading:
    """Reads a client's requests, as finely as each period needs it."""

    answers: Answers
    environment_id: str
    client_id: str
    api_ids: Collection[int]
    now: datetime

    def requests(self, periods_ms: Collection[int]) -> dict[int, dict[int, list[Cell]]]:
        """For each period the requests by API instance. Periods of one grain share a question."""
        grains = {each: _grain(each) for each in periods_ms}
        longest: dict[timedelta, int] = {}
        for period_ms, grain in grains.items():
            longest[grain] = max(period_ms, longest.get(grain, 0))
        stored = {grain: self._stored(grain, longest[grain]) for grain in longest.keys() - {_NONE}}
        return {
            period_ms: self._events(period_ms) if grain == _NONE else stored[grain]
            for period_ms, grain in grains.items()
        }

    def _events(self, period_ms: int) -> dict[int, list[Cell]]:
        since_ms = epoch_ms(self.now) - _LOOK_BACK_IN_EVENTS * period_ms
        step_ms = max(1, period_ms // _STEPS)
        return admitted_events(self.answers, self.environment_id, self.client_id, step_ms, since_ms)

    def _stored(self, grain: timedelta, period_ms: int) -> dict[int, list[Cell]]:
        since_ms = max(epoch_ms(self.now) - _LOOK_BACK * period_ms, self.answers.kept[grain])
        first_ms = since_ms - since_ms % (grain // MILLISECOND)
        client = (self.environment_id, self.client_id)
        return admitted(self.answers, *client, self.api_ids, grain, first_ms)


def _grain(period_ms: int) -> timedelta:
    period = timedelta(milliseconds=period_ms)
    return next((grain for below, grain in _GRAINS.items() if period < below), HOUR)
