"""Reports as adapters send them."""

from typing import Any

import httpx

from tests.control_plane.conftest import Platform

Document = dict[str, Any]

STARTED_MS = 1_795_000_000_000


def api(api_id: int | str, revision: int | None, **fields: Any) -> Document:
    """An API all of whose parts have this revision."""
    revisions = dict.fromkeys(("policies", "tiers", "contracts"), revision)
    return {"id": str(api_id), **revisions, **fields}


def report(revision: int | None = 0, *apis: Document, **fields: Any) -> Document:
    """A report of an adapter that polls every 15 s and has everything up to this revision."""
    return {
        "version": "1.2.3",
        "build": "compiled",
        "startedAt": STARTED_MS,
        "intervalMs": 15_000,
        "snapshot": 1_795_000_000_001,
        "serving": True,
        "automated": revision,
        "instances": revision,
        "wholeEnvironment": True,
        "alarms": [],
        "events": {"waiting": 0, "outcomes": {"made": 0}},
        "quotas": {"store": "memory", "available": True, "processesAlone": 1},
        "services": [],
        "requestsLeftOut": 0,
        "apisLeftOut": 0,
        "apis": list(apis),
    } | fields


def seen(host: str, requests: int, route: str = "") -> Document:
    """Requests to a host that belong to no API."""
    return {"host": host, "route": route, "requests": requests}


def path_of(platform: Platform, name: str, environment_id: str = "") -> str:
    """Where an adapter sends its reports."""
    known = platform.credentials
    return (
        f"/policy-control-plane/v1/organizations/{known.organization_id}"
        f"/environments/{environment_id or known.environment_id}/adapters/{name}/report"
    )


async def put(platform: Platform, document: Any, name: str = "gw-1:9001") -> httpx.Response:
    """Send any document as the gateway."""
    return await platform.gateway.put(path_of(platform, name), json=document)


async def accepted(platform: Platform, document: Document, name: str = "gw-1:9001") -> None:
    """Send a report that must be taken."""
    response = await put(platform, document, name)
    assert response.status_code == 204, response.text


async def revision(platform: Platform) -> int:
    """The newest change, as a gateway learns it."""
    response = await platform.gateway.get(platform.apis)
    return int(response.headers["x-platform-revision"])
