"""A report: what this adapter runs, and how it is doing.

It has no secrets and tells nothing about clients. docs/control-plane.md describes the document.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.platform_client.reports.texts import plain
from adapter.runtime.clock import WallTime

MOST_APIS: Final = 5_000
MOST_FAULTS: Final = 10
"""Of one API."""
MOST_ALARMS: Final = 50
MOST_SERVICES: Final = 500


@dataclass(frozen=True, slots=True)
class ReportedApi:
    """What is in force of one API."""

    api_id: str
    policies: int | None
    """All changes to its policies up to this revision are in force. None: not known."""
    tiers: int | None
    contracts: int | None
    from_disk: bool
    """Whether the disk copy is in force, because the platform has not confirmed it yet."""
    faults: tuple[str, ...]
    """Why it is closed, if it is."""
    notes: tuple[str, ...]
    """What an operator should look at: failing polls, entries that were left out."""


@dataclass(frozen=True, slots=True)
class ReportedEvents:
    """What became of analytics events since the start."""

    waiting: int
    outcomes: Mapping[str, int]
    """`made`, `uploaded`, and `dropped_` with each reason."""


@dataclass(frozen=True, slots=True)
class ReportedQuotas:
    """Where quotas are counted."""

    store: str
    """`memory` or `redis`."""
    available: bool
    processes_alone: int
    """How many processes count alone, and so how often each limit can be used up."""


@dataclass(frozen=True, slots=True)
class ReportedServices:
    """Requests that belong to no API, since the start."""

    requests: Mapping[tuple[str, str], int]
    """By host and route."""
    left_out: int
    """Requests that the adapter's table had no room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedAdapter:
    """The adapter as a whole."""

    version: str
    build: str
    started_at: WallTime
    interval_s: float
    """The longest time between two reports."""
    snapshot: int
    """The revision of the snapshot."""
    serving: bool
    """Whether it tells Envoy to send requests."""
    automated: int | None
    """All changes to automated policies up to this revision are in force."""
    instances: int | None
    """All API instances made or deleted up to this revision are known. None: the operator lists
    the API instances that this adapter enforces."""
    whole_environment: bool
    alarms: Mapping[str, str]
    """What an operator should look at, by component."""
    events: ReportedEvents
    quotas: ReportedQuotas
    services: ReportedServices


def adapter_document(adapter: ReportedAdapter) -> dict[str, Any]:
    """The report as JSON values, without its APIs."""
    return {
        "version": adapter.version,
        "build": adapter.build,
        "startedAt": int(adapter.started_at * 1000),
        "intervalMs": int(adapter.interval_s * 1000),
        "snapshot": adapter.snapshot,
        "serving": adapter.serving,
        "automated": adapter.automated,
        "instances": adapter.instances,
        "wholeEnvironment": adapter.whole_environment,
        "alarms": [
            plain(f"{name}: {text}") for name, text in _first(adapter.alarms.items(), MOST_ALARMS)
        ],
        "events": {"waiting": adapter.events.waiting, "outcomes": dict(adapter.events.outcomes)},
        "quotas": {
            "store": adapter.quotas.store,
            "available": adapter.quotas.available,
            "processesAlone": adapter.quotas.processes_alone,
        },
        **_services_document(adapter.services),
    }


def api_document(api: ReportedApi) -> dict[str, Any]:
    """One API as JSON values. Most APIs have nothing to say but their revisions."""
    document: dict[str, Any] = {
        "id": api.api_id,
        "policies": api.policies,
        "tiers": api.tiers,
        "contracts": api.contracts,
    }
    if api.from_disk:
        document["fromDisk"] = True
    for name, texts in (("faults", api.faults), ("notes", api.notes)):
        if texts:
            document[name] = [plain(text) for text in texts[:MOST_FAULTS]]
    return document


def _services_document(services: ReportedServices) -> dict[str, Any]:
    """The services with the most requests; the requests of the others are left out."""
    found = sorted(services.requests.items(), key=lambda item: -item[1])
    left_out = services.left_out + sum(count for _, count in found[MOST_SERVICES:])
    return {
        "services": [
            {"host": plain(host), "route": plain(route), "requests": count}
            for (host, route), count in found[:MOST_SERVICES]
        ],
        "requestsLeftOut": left_out,
    }


def _first(items: Iterable[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    return list(items)[:most]
