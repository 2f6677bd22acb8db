"""The time zone of whoever looks at a page about traffic."""

from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

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


def viewers_zone(request: Request) -> ZoneInfo:
    """The zone that the URL names, else the browser's; UTC if it is not known here."""
    given = request.query_params.get(PARAMETER) or request.cookies.get(_COOKIE, "")
    try:
        return ZoneInfo(given.replace("%2F", "/")[:100])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
