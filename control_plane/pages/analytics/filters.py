"""What the pages about traffic show: all of it is in the URL, so that a page can be linked to."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

from control_plane.analytics.periods import DEFAULT_RANGE, RANGES, Period
from control_plane.analytics.questions import About, Answers
from control_plane.analytics.request_log import NONE
from control_plane.clock import epoch_ms, from_epoch_ms
from control_plane.errors import Invalid
from control_plane.pages.analytics.zones import PARAMETER, ZONES, viewers_zone
from control_plane.pages.parameters import parameters
from control_plane.store.tables import MAX_ID

_REFRESH: Final = ("10", "60")
_MAX_TEXT: Final = 500
_YEARS: Final = range(1970, 9999)
"""Pages also calculate with the times before and after, which must be times too."""


@dataclass(frozen=True)
class Filters:
    """The parameters of a page about traffic."""

    path: str
    query: dict[str, str]
    zone: ZoneInfo
    """The viewer's: from the parameter `zone`, or from the cookie that scripts set; else UTC."""

    @property
    def range(self) -> str:
        """The name of the range; empty with a period of its own."""
        given = self.query.get("range", "")
        if given not in RANGES and self.query.get("since"):
            return ""
        return given if given in RANGES else DEFAULT_RANGE

    @cached_property
    def api_id(self) -> int | None:
        """The API instance; raise Invalid if it is no number."""
        given = self.query.get("api", "")
        if not given:
            return None
        if not (given.isascii() and given.isdigit() and len(given) < 20 and int(given)):
            raise Invalid(f"api: {given[:50]!r} is not the number of an API instance")
        return min(int(given), MAX_ID)

    @property
    def client_id(self) -> str | None:
        """The application's client id; empty for requests without one, None for all."""
        given = self.query.get("application", "")
        return "" if given == NONE else given or None

    @property
    def refresh(self) -> str:
        """Seconds until the page is asked for again; empty for never."""
        given = self.query.get("refresh", "")
        return given if given in _REFRESH else ""

    @property
    def zones(self) -> list[tuple[str, bool]]:
        """The time zones to choose from, and which of them the URL names."""
        named = self.zone.key if self.query.get(PARAMETER) else ""
        known = ZONES if named in ("", *ZONES) else (named, *ZONES)
        return [(zone, zone == named) for zone in known]

    def about(self, environment_id: str) -> About:
        """Whose requests they are."""
        return About(environment_id, self.api_id, self.client_id)

    def period(self, answers: Answers, now: datetime) -> Period:
        """The period; raise Invalid for a range or a time that is none."""
        named = self.query.get("range", "")
        if named and named not in RANGES:
            raise Invalid(f"range: {named[:50]!r} is not one of {', '.join(RANGES)}")
        if self.range:
            return Period.recent(RANGES[self.range], now, self.zone)
        since = self.moment("since")
        until = self.moment("until")
        if since is None or until is None:
            raise Invalid("until: is missing")
        return Period.between(since, until, self.zone, answers.kept)

    def moment(self, name: str) -> datetime | None:
        """A time in the URL: ISO 8601, in the viewer's zone if it has no offset."""
        given = self.query.get(name, "")
        if not given:
            return None
        try:
            moment = datetime.fromisoformat(given)
            moment = moment.replace(tzinfo=moment.tzinfo or self.zone).astimezone(UTC)
        except (ValueError, OverflowError):
            moment = None
        if moment is None or moment.year not in _YEARS:
            raise Invalid(f"{name}: {given[:50]!r} is not a time like 2026-11-28T12:00")
        return moment

    def moment_ms(self, name: str) -> int | None:
        """The same in milliseconds since 1970."""
        moment = self.moment(name)
        return None if moment is None else epoch_ms(moment)

    def url(self, path: str = "", /, **changes: str | int | None) -> str:
        """The same page, or the one at `path`, with other parameters; None takes one away."""
        kept = {
            name: value for name, value in self.query.items() if name not in changed_by(changes)
        }
        given = kept | {name: value for name, value in changes.items() if value not in (None, "")}
        query = urlencode(given)
        return f"{path or self.path}?{query}" if query else path or self.path

    def url_between(self, start_ms: int, end_ms: int, path: str = "") -> str:
        """The page for a period of its own."""
        times = (from_epoch_ms(each).astimezone(self.zone) for each in (start_ms, end_ms))
        since, until = (time.isoformat(timespec="minutes") for time in times)
        return self.url(path, range=None, since=since, until=until)


def changed_by(changes: dict[str, str | int | None]) -> set[str]:
    """The parameters that a link does not keep. Another filter begins at the newest requests."""
    times = {"range", "since", "until"} if "range" in changes else set()
    return {*changes, *times, "before"}


def _filters(request: Request) -> Filters:
    given = {name: value[:_MAX_TEXT] for name, value in parameters(request).items() if value}
    return Filters(request.url.path, given, viewers_zone(request))


InFilters = Annotated[Filters, Depends(_filters)]
