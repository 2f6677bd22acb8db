"""`/denials`, as an operator asks it."""

import json
from typing import Any

import pytest

from adapter.authorization.denial_log import DenialLog
from adapter.operations.denials import denial_route
from adapter.operations.routes import Reply, answer
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.decision import Denied
from adapter.policy.request.attributes import GivenAttributes
from adapter.policy.verdicts import Deny, DenyReason, Identity
from support.defaults import denial_log
from tests.rig.clock import FakeClock

NO_TIER = Deny(
    DenyReason.CREDENTIALS_INVALID, 401, "Invalid", "the contract has no SLA tier with limits"
)
SHOP = Identity("c1", "Shop")
ORDERS = ApiInstance("1", "orders")


@pytest.fixture
def denials() -> DenialLog:
    """Two refusals, of two APIs."""
    log = denial_log(FakeClock(1_800_000_000.25))
    log.record(Denied(NO_TIER, 7), GivenAttributes(api_id="9", method="GET", path="/"))
    log.record(
        Denied(NO_TIER, 7, ORDERS, PolicyRef("12", "rate-limiting-sla-based"), SHOP),
        GivenAttributes(method="GET", path="/orders/\x1b[2J?x=1", client_address="10.0.0.7"),
    )
    return log


async def ask(denials: DenialLog, query: str = "") -> Reply:
    """The answer to this query."""
    return await answer([denial_route(denials)], "GET", f"/denials{query}")


async def items(denials: DenialLog, query: str = "") -> list[dict[str, Any]]:
    """The denials in the answer to this query."""
    found: list[dict[str, Any]] = json.loads((await ask(denials, query)).body)["items"]
    return found


async def test_a_denial_says_who_was_refused_what_and_why(denials: DenialLog) -> None:
    """And a terminal shows the client's control characters, but does not obey them."""
    newest, _ = await items(denials)
    assert newest == {
        "id": newest["id"],
        "time": "2027-01-15T08:00:00.250+00:00",
        "api_id": "1",
        "api_name": "orders",
        "method": "GET",
        "path": "/orders/\\u001b[2J",
        "client_id": "c1",
        "client_name": "Shop",
        "policy_type": "rate-limiting-sla-based",
        "policy_id": "12",
        "status": 401,
        "reason": "credentials_invalid",
        "detail": "the contract has no SLA tier with limits",
        "revision": 7,
        "address": "10.0.0.7",
    }


@pytest.mark.parametrize(
    ("query", "apis"),
    [
        ("", ["1", "9"]),
        ("?api=1", ["1"]),
        ("?api=orders", ["1"]),
        ("?client=c1", ["1"]),
        ("?client=Shop&api=1", ["1"]),
        ("?client=Shop&api=9", []),
        ("?id=unknown", []),
        ("?id=", []),
        ("?limit=1", ["1"]),
        ("?api=9&limit=1", ["9"]),
    ],
)
async def test_filters(denials: DenialLog, query: str, apis: list[str]) -> None:
    """By API, client and id; the limit applies to what is left."""
    assert [item["api_id"] for item in await items(denials, query)] == apis


async def test_one_denial_is_found_by_its_id(denials: DenialLog) -> None:
    """A client reports the id that it saw."""
    _, oldest = await items(denials)
    assert await items(denials, f"?id={oldest['id']}") == [oldest]


async def test_an_unknown_parameter_is_named(denials: DenialLog) -> None:
    """Otherwise a mistake in its name would show the denials of all."""
    refused = await ask(denials, "?app=1")
    assert refused.status == 400
    assert refused.body == b"unknown parameter 'app'; known are: api, client, id, limit"


@pytest.mark.parametrize("limit", ["x", "-1", "", "9999999"])
async def test_a_bad_limit_is_named(denials: DenialLog, limit: str) -> None:
    """It is the question's fault."""
    refused = await ask(denials, f"?limit={limit}")
    assert refused.status == 400
    assert refused.body.startswith(b"limit must be a whole number")
