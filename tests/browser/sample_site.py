"""A control plane as a company might have it, for screenshots: APIs, contracts, users, traffic."""

import gzip
import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx
from typer.testing import CliRunner

import control_plane.cli
from support.admin import Admin
from tests.control_plane.conftest import gateway_token
from tests.control_plane.fleet.reports import api, report, seen
from tests.rig.control_plane import RunningControlPlane

APIS: Final = ("orders", "payments", "customers", "catalogue", "shipping")
APPLICATIONS: Final = ("Mobile shop", "Partner portal", "Nightly report")
_REQUESTS: Final = 4_000
EXPLAINED: Final = str(uuid.UUID(int=_REQUESTS))
"""The event of a request whose page says what each policy said."""
_EVERYTHING: Final = 10**6
"""A revision that no change here reaches."""
_STATUSES: Final = (*[200] * 90, *[201] * 6, 404, 404, 500, 503)


async def fill(platform: RunningControlPlane) -> None:
    """Make everything; the same each time but for the dates."""
    admin = platform.admin
    applications = [await admin.create_application(name) for name in APPLICATIONS]
    ids: dict[str, int] = {}
    for name in APIS:
        api = await admin.create_api(name, description=f"The {name} of the shop", tags=["shop"])
        ids[name] = api_id = api["id"]
        await admin.apply_policy(api_id, "client-id-enforcement", {})
        gold = await admin.create_tier(api_id, "Gold", [(1000, 60_000)], auto_approve=False)
        await admin.create_tier(api_id, "Silver", [(100, 60_000)])
        for number, application in enumerate(applications):
            contract = await admin.request_contract(api_id, application["id"], gold["id"])
            if number < len(APPLICATIONS) - 1 or api_id % 2:
                await admin.approve(api_id, contract["id"])
        if name == APIS[-1]:
            await admin.revoke(api_id, contract["id"])
    await admin.reset_secret(applications[-1]["id"], overlap_s=7 * 86_400)
    await _add_policies(admin, ids["orders"])
    events = [_event(ids, applications, n) for n in range(_REQUESTS)]
    await _send(platform, [*events, _explained(_event(ids, applications, 0), ids, applications)])
    await _add_alerts(admin, ids)
    _add_connected_app(platform)


def _add_connected_app(platform: RunningControlPlane) -> None:
    """A program that is an admin. Only a command makes one."""
    database = ("--database", str(platform.database))
    create = ("connected-apps", "create", "terraform", "--role", "api-admin", "--days", "90")
    done = CliRunner().invoke(control_plane.cli.app, [*create, *database])
    assert done.exit_code == 0, done.output


async def _add_alerts(admin: Admin, ids: dict[str, int]) -> None:
    """Two alerts of an API; the first is triggered in its first round."""
    for name, kind, aggregate, threshold in (
        ("Orders fail", "api-error-rate", "RATE", 0.1),
        ("Orders are slow", "api-response-time", "P95", 500),
    ):
        condition = {"aggregate": aggregate, "operator": "GREATER_THAN", "value": threshold}
        body = {
            "name": name,
            "type": kind,
            "severity": "CRITICAL",
            "condition": condition,
            "period": {"duration": {"count": 24, "weight": "HOURS"}},
            "recipients": [{"type": "email", "value": "ops@shop.example"}],
            "repeatMinutes": 60,
        }
        await admin.create_alert(ids["orders"], body)


async def _add_policies(admin: Admin, api_id: int) -> None:
    """Policies of the environment, and a chain of them for one API."""
    await admin.apply_automated_policy("ip-blocklist", {"ips": ["192.0.2.66", "198.51.100.0/24"]})
    limits = {"rateLimits": [{"maximumRequests": 100, "timePeriodInMilliseconds": 60000}]}
    writing = [{"methodRegex": "POST|PUT|DELETE", "uriTemplateRegex": "/orders(/.*)?"}]
    await admin.apply_policy(api_id, "rate-limiting", limits, pointcutData=writing)
    await admin.apply_policy(api_id, "cors", {"publicResource": True})
    headers = [{"key": "Authorization", "value": "Bearer of-the-gateway"}]
    await admin.apply_policy(api_id, "header-injection", {"inboundHeaders": headers}, disabled=True)


def _explained(
    event: dict[str, Any], ids: dict[str, int], applications: list[Any]
) -> dict[str, Any]:
    """A denial of this moment as our adapters report it, with what each policy said."""
    now = datetime.now(UTC).isoformat()
    said = (
        *(("cors", 7, "passed"), ("ip-blocklist", 1, "passed")),
        *(("client-id-enforcement", 1, "passed"), ("rate-limiting", 6, "denied")),
    )
    verdicts = [{"policy_name": n, "policy_id": i, "said": word} for n, i, word in said]
    return event | {
        "event_id": EXPLAINED,
        "received_ts": now,
        "replied_ts": now,
        "api_id": ids["orders"],
        "client_id": applications[0]["clientId"],
        "host_id": "gateway-1",
        "verb": "POST",
        "path": "/orders",
        "status_code": 429,
        "request_disposition": "BLOCKED",
        "policy_violation": {"policy_id": 6, "policy_name": "rate-limiting"},
        "answered_by": "policy",
        "decision": {
            "id": "019ac8f1b2d4f7a3e001",
            "revision": "1795847324595",
            "contract_id": "1",
            "sla_tier": "Gold",
            "reason": "quota_exceeded",
            "detail": "1 of 1 limits used up, for 12 s more",
            "verdicts": verdicts,
        },
    }


def _event(ids: dict[str, int], applications: list[Any], number: int) -> dict[str, Any]:
    chance = random.Random(number)  # noqa: S311 - the same traffic each time
    name, application = chance.choice(APIS), chance.choice(applications)
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    received = midnight + (now - midnight) * chance.random()
    replied = received + timedelta(milliseconds=chance.lognormvariate(3.5, 0.6))
    denied = chance.random() < 0.03
    policy = {"policy_id": 1, "policy_name": "client-id-enforcement", "outcome": "VIOLATION"}
    return {
        "event_id": str(uuid.UUID(int=number)),
        "api_id": ids[name],
        "api_name": name,
        "api_version": "v1",
        "client_id": application["clientId"],
        "application_name": application["name"],
        "received_ts": received.isoformat(),
        "replied_ts": min(replied, now).isoformat(),
        "client_ip": f"192.0.2.{number % 20}",
        "verb": chance.choice(["GET", "GET", "GET", "POST"]),
        "path": f"/{name}/{chance.randrange(1000)}",
        "status_code": 401 if denied else chance.choice(_STATUSES),
        "user_agent": "okhttp/4.12.0",
        "request_bytes": 120,
        "response_bytes": 2048,
        "request_disposition": "BLOCKED" if denied else "PROCESSED",
        "policy_violation": policy if denied else None,
    }


async def _send(platform: RunningControlPlane, events: list[dict[str, Any]]) -> None:
    """Send the events and the reports of three adapters, as a gateway."""
    known = platform.credentials
    async with httpx.AsyncClient(base_url=platform.base_url, trust_env=False, timeout=60) as http:
        http.headers["Authorization"] = f"Bearer {await gateway_token(http, known)}"
        answer = await http.post(
            "/v2/analytics/events",
            content=gzip.compress(json.dumps(events).encode()),
            headers={"Content-Type": "application/json"},
        )
        assert answer.json()["accepted"] == len(events), answer.text
        adapters = (
            f"/policy-control-plane/v1/organizations/{known.organization_id}"
            f"/environments/{known.environment_id}/adapters"
        )
        for name, document in _reports().items():
            answer = await http.put(f"{adapters}/{name}/report", json=document)
            assert answer.status_code == 204, answer.text


def _reports() -> dict[str, dict[str, Any]]:
    """One adapter that has everything, one that closed an API, and one that is not done."""
    ids = range(1, len(APIS) + 1)
    rejected = ["policy 9 (custom-header-check): this policy type is not supported"]
    services = [seen("stock.shop.example", 120_345, "stock"), seen("probe.internal:8080", 33)]
    closed = {4: {"faults": rejected}}
    return {
        "gateway-1:9001": report(
            _EVERYTHING, *(api(i, _EVERYTHING) for i in ids), services=services
        ),
        "gateway-2:9001": report(
            _EVERYTHING, *(api(i, _EVERYTHING, **closed.get(i, {})) for i in ids)
        ),
        "gateway-3:9001": report(1, *(api(i, 1) for i in ids)),
    }
