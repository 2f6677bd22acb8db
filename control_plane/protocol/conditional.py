"""Conditional requests: tells whether something has changed since a client last asked."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# A change is dated before it is committed. An answer from in between must not count as newer.
COMMIT_ALLOWANCE = timedelta(seconds=2)

# As seconds this is the year 5138, as milliseconds 1973: no poll means either.
_SECONDS_END = 1e11


def unchanged(changed_at: datetime, if_modified_since: str | None, now: datetime) -> bool:
    """Whether nothing changed since the time that the client names (RFC 9110, 13.1.3).

    The official document says an epoch; seconds, milliseconds and an HTTP date are understood.
    A time that can't be read, or lies in the future, is ignored.
    """
    since = _moment(if_modified_since) if if_modified_since else None
    return since is not None and since <= now and changed_at + COMMIT_ALLOWANCE < since


def _moment(text: str) -> datetime | None:
    try:
        number = float(text)
    except ValueError:
        return _http_date(text)
    try:
        return datetime.fromtimestamp(number / 1000 if number > _SECONDS_END else number, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
