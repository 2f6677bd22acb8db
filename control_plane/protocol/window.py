"""Parameters of questions about events: a period, and API instances."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Depends, Query

from control_plane.analytics.queries import Window
from control_plane.errors import Invalid
from control_plane.protocol.described import list_of, takes
from control_plane.protocol.scope import AnalyticsReader
from control_plane.store.tables import MAX_ID

_UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_ID: Final = {"type": "integer", "minimum": 0}
_DURATION = re.compile(r"([0-9]{1,6})([dhms])")


@takes(
    apiIds=list_of(_ID),
    apiVersionIds=list_of(_ID),
    duration={"type": "string", "pattern": f"^{_DURATION.pattern}$"},
)
def _window(
    scope: AnalyticsReader,
    *,
    api_ids: Annotated[str | None, Query(alias="apiIds")] = None,
    api_version_ids: Annotated[str | None, Query(alias="apiVersionIds")] = None,
    start: Annotated[datetime | None, Query(alias="startDate")] = None,
    end: Annotated[datetime | None, Query(alias="endDate")] = None,
    duration: str = "1d",
    path_prefix: Annotated[str, Query(alias="pathPrefix")] = "",
) -> Window:
    # An event of this very moment belongs to the window that ends now.
    until = _in_utc("endDate", end) if end else scope.now() + timedelta(milliseconds=1)
    span = _parse_duration(duration)
    try:
        since = _in_utc("startDate", start) if start else until - span
    except OverflowError as error:
        raise Invalid(f"duration: {duration!r} reaches back too far") from error
    if start and since >= until:
        given = "endDate" if end else "the end, which is now,"
        raise Invalid(f"{given} must be later than startDate")
    return Window(
        scope.environment_id,
        since,
        until,
        _parse_ids("apiIds", api_ids),
        _parse_ids("apiVersionIds", api_version_ids),
        path_prefix,
    )


InWindow = Annotated[Window, Depends(_window)]


def _in_utc(parameter: str, moment: datetime) -> datetime:
    """The moment in UTC. A time without an offset is taken as UTC."""
    try:
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as error:
        raise Invalid(f"{parameter}: not within the years 1 to 9999 in UTC") from error


def _parse_duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise Invalid(f"duration: {text!r} is not a number with d, h, m or s, such as 7d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _parse_ids(parameter: str, text: str | None) -> tuple[int, ...] | None:
    if text is None or text in ("all", "*"):
        return None
    parts = text.split(",")
    if len(parts) > 1000 or not all(part.isascii() and part.isdigit() for part in parts):
        raise Invalid(f"{parameter}: must be numbers with commas between, or all")
    return tuple(min(int(part[:20]), MAX_ID) for part in parts)
