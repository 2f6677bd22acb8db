"""Events of a busy site: 50 API instances, 200 applications, evenly over the time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from control_plane.analytics.path_templates import path_template
from control_plane.analytics.tally import EventRow
from control_plane.analytics.user_agents import agent_family
from control_plane.clock import epoch_ms
from control_plane.store.tables.events import events

ENVIRONMENT: Final = "7a52d1b0-3c1f-4f6e-9d59-6d7f0c1b2a3e"
ORGANIZATION: Final = "0f6c2a4e-98b1-4d0c-8f7e-5a3b1c2d4e6f"
APIS: Final = 50
APPLICATIONS: Final = 200
SPAN: Final = timedelta(days=7)

_COLUMNS: Final = tuple(events.columns.keys())
_AGENTS: Final = ("curl/8.5.0", "okhttp/4.12.0", "Mozilla/5.0 Firefox/140.0", "python-httpx/0.28")
_PATHS: Final = ("/orders/{}", "/orders/{}/items", "/customers/{}", "/carts", "/search", "/health")
_STATUSES: Final = (200,) * 14 + (201, 204, 304, 400, 404, 503)


def batches(
    total: int, size: int, end: datetime, span: timedelta = SPAN
) -> Iterator[list[EventRow]]:
    """Batches of events whose requests came evenly during `span` before `end`, oldest first."""
    chance = random.Random(11)  # noqa: S311 - traffic, not a secret
    last_ms, span_ms = epoch_ms(end), span // timedelta(milliseconds=1)
    for first in range(0, total, size):
        numbers = range(first, min(first + size, total))
        yield [_row(chance, n, last_ms - span_ms + n * span_ms // total) for n in numbers]


def _row(chance: random.Random, number: int, received_ms: int) -> EventRow:
    is_denied = chance.random() < 0.05
    api_id = int(APIS * chance.random() ** 2) + 1
    client = int(APPLICATIONS * chance.random() ** 2)
    path = chance.choice(_PATHS).format(chance.randrange(1_000_000))
    agent = chance.choice(_AGENTS)
    known: dict[str, Any] = {
        "organization_id": ORGANIZATION,
        "event_id": f"{received_ms:012x}-{number:012x}-{chance.getrandbits(48):012x}",
        "environment_id": ENVIRONMENT,
        "api_id": api_id,
        "api_name": f"api-{api_id}",
        "api_version": "v1",
        "host_id": "adapter-1",
        "client_id": f"{client:032x}",
        "application_name": f"Application {client}",
        "transaction_id": f"{chance.getrandbits(128):032x}",
        "received_ms": received_ms,
        "response_time_ms": int(chance.lognormvariate(3, 1)),
        "client_ip": "192.0.2.1",
        "verb": chance.choice(("GET", "GET", "GET", "POST", "PUT")),
        "path": path,
        "status_code": 429 if is_denied else chance.choice(_STATUSES),
        "user_agent": agent,
        "request_bytes": 120,
        "response_bytes": 1500,
        "request_disposition": "BLOCKED" if is_denied else "PROCESSED",
        "policy_id": "7" if is_denied else None,
        "policy_name": "rate-limiting" if is_denied else None,
        "policy_outcome": "VIOLATION" if is_denied else None,
        "deployment_type": "HY",
        "path_template": path_template(path),
        "agent": agent_family(agent),
    }
    return tuple(known.get(name) for name in _COLUMNS)


def end_of(moment: datetime) -> datetime:
    """The last whole minute, so that runs are the same."""
    return moment.astimezone(UTC).replace(second=0, microsecond=0)
