"""The navigation: which pages there are, and which of them the caller may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from control_plane.accounts.roles import Permission

if TYPE_CHECKING:
    from control_plane.pages.answering import Answering


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    route: str
    """The name of the page's route. An entry whose page does not exist yet is not shown."""
    permission: Permission | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the navigation, as a page shows it."""

    label: str
    path: str
    current: bool


_ENTRIES: Final = (
    _Entry("Home", "home"),
    _Entry("APIs", "apis", Permission.APIS_READ),
    _Entry("Contracts", "contracts", Permission.CONTRACTS_READ),
    _Entry("Applications", "applications", Permission.APPLICATIONS_READ),
    _Entry("Automated policies", "automated_policies", Permission.APIS_READ),
    _Entry("Adapters", "adapters", Permission.ADAPTERS_READ),
    _Entry("Discovered services", "services", Permission.SERVICES_READ),
    _Entry("Analytics", "analytics", Permission.ANALYTICS_READ),
    _Entry("Requests", "requests", Permission.REQUESTS_READ),
    _Entry("Alerts", "alerts", Permission.ALERTS_READ),
    _Entry("Audit log", "audit", Permission.AUDIT_READ),
    _Entry("Settings", "settings"),
)


def navigation(visit: Answering) -> list[Link]:
    """The entries that the caller may see. The one with the longest matching path is current."""
    links = {
        entry.label: visit.url(entry.route)
        for entry in _ENTRIES
        if entry.route in visit.pages and _may_see(visit, entry)
    }
    return marked(links, visit.request.url.path)


def marked(links: Mapping[str, str], path: str) -> list[Link]:
    """Links from their labels and paths; the longest one that `path` begins with is current."""
    matching = [link for link in links.values() if f"{path}/".startswith(f"{link}/")]
    current = max(matching, key=len, default="")
    return [Link(label, link, link == current) for label, link in links.items()]


def _may_see(visit: Answering, entry: _Entry) -> bool:
    if visit.is_of_environment(entry.route):
        if visit.environment is None:
            return False
        return entry.permission is None or visit.may(entry.permission)
    return entry.permission is None or visit.may_everywhere(entry.permission)
