"""Numbers as people read them, and how they have changed."""

from typing import NamedTuple

from control_plane.analytics.dashboard import PERCENTS, Totals


class Figure(NamedTuple):
    """A number of the page."""

    label: str
    value: str
    change: str
    """Compared with the period before."""


def figures(now: Totals, before: Totals) -> list[Figure]:
    """The numbers of a period."""
    times = zip(PERCENTS, now.percentiles, before.percentiles, strict=True)
    return [
        Figure("Requests", f"{now.requests:,}", relative(now.requests, before.requests)),
        Figure("Server errors", rate(now.error_rate), points(now.error_rate, before.error_rate)),
        Figure("Denied", rate(now.denied_rate), points(now.denied_rate, before.denied_rate)),
        *(
            Figure(f"{percent}th percentile", duration(time), relative(time, earlier))
            for percent, time, earlier in times
        ),
        Figure(
            "Received",
            size(now.received_bytes),
            relative(now.received_bytes, before.received_bytes),
        ),
        Figure("Sent", size(now.sent_bytes), relative(now.sent_bytes, before.sent_bytes)),
    ]


def relative(now: float | None, before: float | None) -> str:
    """The change in percent of what was before."""
    if not before or now is None:
        return "none before" if now else ""
    percent = (now - before) / before * 100
    return "as before" if abs(percent) < 0.5 else f"{percent:+,.0f}%"


def points(now: float | None, before: float | None) -> str:
    """The change of a rate, in percentage points."""
    if now is None or before is None:
        return ""
    difference = (now - before) * 100
    return "as before" if abs(difference) < 0.05 else f"{difference:+.1f} points"


def rate(part: float | None) -> str:
    """A rate in percent."""
    return "-" if part is None else f"{part:.1%}"


def duration(milliseconds: float | None) -> str:
    """A response time."""
    if milliseconds is None:
        return "-"
    if milliseconds >= 1000:
        return (
            f"{milliseconds / 1000:.3g} s"
            if milliseconds < 1e6
            else f"{milliseconds / 1000:,.0f} s"
        )
    return f"{milliseconds:.3g} ms" if milliseconds < 100 else f"{milliseconds:.0f} ms"


def size(number: int) -> str:
    """A number of bytes."""
    value = float(number)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:,.0f} PB"
