"""The time zone of the person who looks at a page about traffic."""

from collections.abc import Set
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Request

PARAMETER: Final = "zone"
_COOKIE: Final = "zone"
"""Scripts set it to the zone of the browser."""

ZONES: Final = (
    "UTC",
    *("Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver"),
    *("America/Phoenix", "America/Chicago", "America/New_York", "America/Halifax"),
    *("America/St_Johns", "America/Mexico_City", "America/Bogota", "America/Santiago"),
    *("America/Sao_Paulo", "America/Argentina/Buenos_Aires", "Atlantic/Azores"),
    *("Europe/London", "Europe/Lisbon", "Europe/Berlin", "Europe/Paris", "Europe/Madrid"),
    *("Europe/Athens", "Europe/Helsinki", "Europe/Istanbul", "Europe/Moscow"),
    *("Africa/Lagos", "Africa/Cairo", "Africa/Johannesburg", "Africa/Nairobi"),
    *("Asia/Jerusalem", "Asia/Dubai", "Asia/Tehran", "Asia/Karachi", "Asia/Kolkata"),
    *("Asia/Kathmandu", "Asia/Dhaka", "Asia/Bangkok", "Asia/Singapore", "Asia/Hong_Kong"),
    *("Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Perth", "Australia/Adelaide"),
    *("Australia/Brisbane", "Australia/Sydney", "Pacific/Auckland"),
)
"""What the pages offer, from west to east. The URL may name any other zone."""


@cache
def _known() -> Set[str]:
    """The zones of places. Two names in the database are for machines without a zone."""
    return available_timezones() - {"Factory", "localtime"}


def viewers_zone(request: Request) -> ZoneInfo:
    """The zone that the URL names, else the browser's; UTC if it is not known here."""
    given = request.query_params.get(PARAMETER) or request.cookies.get(_COOKIE, "")
    name = given.replace("%2F", "/")
    return ZoneInfo(name if name in _known() else "UTC")
