"""Events as gateways send them."""

import gzip
import json
import uuid
from typing import Any

import httpx

from control_plane.clock import iso
from tests.control_plane.conftest import Platform


def event(platform: Platform, **fields: Any) -> dict[str, Any]:
    """An event of this moment, with these members changed."""
    now = iso(platform.clock.now())
    return {
        "event_id": str(uuid.uuid4()),
        "api_id": 1,
        "api_name": "orders",
        "api_version": "v1",
        "org_id": platform.credentials.organization_id,
        "client_id": "abc",
        "application_name": "phone",
        "received_ts": now,
        "replied_ts": now,
        "client_ip": "192.0.2.1",
        "verb": "GET",
        "path": "/orders/1",
        "status_code": 200,
        "user_agent": "curl/8.5.0",
        "request_bytes": 10,
        "response_bytes": 100,
        "request_disposition": "PROCESSED",
        "policy_violation": None,
        "deployment_type": "HY",
    } | fields


def denied(platform: Platform, **fields: Any) -> dict[str, Any]:
    """An event of a request that a policy refused."""
    violation = {"policy_id": 7, "policy_name": "rate-limiting", "outcome": "VIOLATION"}
    return event(
        platform,
        status_code=429,
        request_disposition="BLOCKED",
        policy_violation=violation,
        **fields,
    )


async def send(platform: Platform, batch: Any) -> httpx.Response:
    """The answer to a batch."""
    return await send_raw(platform, json.dumps(batch).encode())


async def send_raw(platform: Platform, batch: bytes) -> httpx.Response:
    """The answer to a batch that is JSON already, or should be."""
    return await platform.gateway.post(
        "/v2/analytics/events",
        content=gzip.compress(batch),
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )
