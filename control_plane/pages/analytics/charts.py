"""Charts over time: the numbers for the script that draws them, a sentence, and a table."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from control_plane.analytics.dashboard import CLASSES, PERCENTS, Dashboard
from control_plane.analytics.periods import DAY, Period
from control_plane.clock import from_epoch_ms
from control_plane.pages.analytics.figures import duration
from control_plane.pages.analytics.filters import Filters


class Line(NamedTuple):
    """A row of a chart's table."""

    label: str
    url: str
    """The dashboard of this bar alone."""
    cells: Sequence[str]


class Chart(NamedTuple):
    """A chart."""

    id: str
    title: str
    summary: str
    """One sentence for those who do not see it."""
    series: Sequence[str]
    lines: Sequence[Line]
    data: dict[str, Any]
    """For `charts.js`."""


def requests_chart(found: Dashboard, filters: Filters) -> Chart:
    """Requests by class, stacked."""
    shown = [name for name in CLASSES if any(counts[name] for counts in found.classes)]
    totals = [counts.total() for counts in found.classes]
    peak = max(range(len(totals)), key=totals.__getitem__)
    summary = (
        f"{found.totals.requests:,} requests, {found.totals.denied:,} of them denied; at most "
        f"{totals[peak]:,} in {found.period.step}, at {_labels(found.period, filters)[peak]}."
    )
    cells = [[f"{counts[name]:,}" for name in shown] for counts in found.classes]
    values = [[counts[name] for counts in found.classes] for name in shown]
    data = {"kind": "stack", "unit": "", "values": values}
    return _chart("requests", "Requests", summary, shown, cells, data, found.period, filters)


def times_chart(found: Dashboard, filters: Filters) -> Chart:
    """Percentiles of the response time."""
    shown = [f"p{percent}" for percent in PERCENTS]
    named = zip(shown, found.totals.percentiles, strict=True)
    parts = ", ".join(f"{name} {duration(time)}" for name, time in named)
    cells = [[duration(time) for time in times] for times in found.percentiles]
    values = [list(column) for column in zip(*found.percentiles, strict=True)]
    data = {"kind": "lines", "unit": "ms", "values": values}
    summary = f"Over the whole period: {parts}."
    return _chart("times", "Response times", summary, shown, cells, data, found.period, filters)


def _chart(
    chart_id: str,
    title: str,
    summary: str,
    series: Sequence[str],
    cells: Sequence[Sequence[str]],
    data: dict[str, Any],
    period: Period,
    filters: Filters,
) -> Chart:
    links = [filters.url_between(start, end) for start, end in pairwise(period.edges)]
    lines = list(map(Line, _labels(period, filters), links, cells))
    edges = [edge // 1000 for edge in period.edges]
    whole = data | {
        "edges": edges,
        "series": list(series),
        "links": links,
        "zone": filters.zone.key,
        "days": period.bar == DAY,
    }
    return Chart(chart_id, title, summary, series, lines, whole)


def _labels(period: Period, filters: Filters) -> list[str]:
    form = "%a %-d %b %Y" if period.bar == DAY else "%-d %b, %H:%M"
    return [
        from_epoch_ms(edge).astimezone(filters.zone).strftime(form) for edge in period.edges[:-1]
    ]
