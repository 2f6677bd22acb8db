"""Rankings: the most frequent keys of a dimension, each with a link that filters by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from control_plane.analytics.questions import Counts
from control_plane.analytics.request_log import NONE
from control_plane.analytics.tally import OTHER, Dimension
from control_plane.pages.analytics.filters import Filters

_SHOWN: Final = 10

_TITLES: Final[Mapping[Dimension, tuple[str, str]]] = {
    Dimension.API: ("API instances", "api"),
    Dimension.APPLICATION: ("Applications", "application"),
    Dimension.PATH: ("Paths", "path"),
    Dimension.METHOD: ("Methods", "method"),
    Dimension.STATUS: ("Status codes", "status"),
    Dimension.AGENT: ("User agents", "agent"),
    Dimension.VIOLATION: ("Policies violated", "policy"),
    Dimension.POLICY_ERROR: ("Policies that could not judge", "policy"),
}
"""The title, and the parameter of the filter."""

_OF_DASHBOARD: Final = {Dimension.API, Dimension.APPLICATION}
"""These filter the dashboard; all others lead to the single requests."""


class Rank(NamedTuple):
    """A row of a ranking."""

    name: str
    url: str
    """Where only these requests are shown; empty for the rest of a list."""
    requests: int
    percent: float
    """Of the greatest count, for the bar."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """A table of the page."""

    title: str
    rows: Sequence[Rank]
    total: int


@dataclass(frozen=True, slots=True)
class Names:
    """The names of what only ids are known of."""

    apis: Mapping[int, str]
    applications: Mapping[str, str]

    def api(self, api_id: int) -> str:
        """The API instance's name."""
        return self.apis.get(api_id, f"API instance {api_id}")

    def application(self, client_id: str | None) -> str:
        """The application's name, or its client id if it is not known."""
        return self.applications.get(client_id or "", client_id or "") or "no application"

    def of(self, dimension: Dimension, key: str) -> str:
        """The key of a dimension as people know it."""
        if dimension is Dimension.API:
            return self.api(int(key))
        if dimension is Dimension.APPLICATION:
            return self.application(key)
        if dimension is Dimension.STATUS and key == "0":
            return "none (TCP)"
        return key or "none"


def rankings(
    found: Mapping[Dimension, Counts], names: Names, filters: Filters, log: str
) -> list[Ranking]:
    """The rankings that have rows; `log` is the path of the single requests, empty if unseen."""
    return [
        _ranking(dimension, counts, names, filters, log)
        for dimension, counts in found.items()
        if counts
    ]


def _ranking(
    dimension: Dimension, counts: Counts, names: Names, filters: Filters, log: str
) -> Ranking:
    title, parameter = _TITLES[dimension]
    # `other` has no requests that could be asked for by it.
    ordered = sorted(counts.items(), key=lambda each: (each[0] == OTHER, -each[1], each[0]))
    shown = [each for each in ordered[:_SHOWN] if each[0] != OTHER]
    total = counts.total()
    greatest = max(count for _, count in ordered)
    rows = [
        Rank(
            names.of(dimension, key),
            _link(dimension, parameter, key, filters, log),
            count,
            round(count / greatest * 100, 1),
        )
        for key, count in shown
    ]
    rest = total - sum(row.requests for row in rows)
    if rest:
        rows.append(Rank("all others", "", rest, round(min(1, rest / greatest) * 100, 1)))
    return Ranking(title, rows, total)


def _link(dimension: Dimension, parameter: str, key: str, filters: Filters, log: str) -> str:
    value = key or NONE
    if dimension in _OF_DASHBOARD:
        return filters.url(**{parameter: value})
    return filters.url(log, refresh=None, **{parameter: value}) if log else ""
