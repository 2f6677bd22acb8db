"""Times as objects of Kubernetes have them: RFC 3339, in UTC."""

from datetime import UTC, datetime

from adapter.runtime.clock import WallTime


def timestamp(now: WallTime) -> str:
    """A time in whole seconds (kind Time)."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"


def precise_timestamp(now: WallTime) -> str:
    """A time in microseconds (kind MicroTime)."""
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
