"""The page of one request: who answered, and what each policy said."""

import json
import re
from typing import Any

import pytest

from control_plane.clock import iso
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send
from tests.control_plane.fleet.reports import accepted, report
from tests.control_plane.pages.visitor import Visitor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

DECISION_ID = "019ac8f1b2d4f7a3e001"


async def page_of(visitor: Visitor, **members: Any) -> str:
    """The page of a request whose event has these members."""
    one = event(visitor.platform) | members
    answer = (await send(visitor.platform, [one])).json()
    assert answer["accepted"] == 1, answer
    return await visitor.page(f"{visitor.home}/requests/event?event={one['event_id']}")


def words(page: str) -> str:
    """The text of the page, without tags."""
    text = re.sub("</?(code|a|strong)[^>]*>", "", page)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>|\N{EN DASH}", " ", text))


async def test_a_denial_shows_the_verdict_of_each_policy(
    owner: Visitor, platform: Platform
) -> None:
    """With links to the policies, the contract, the application and the adapter."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000}]
    policy = await platform.admin.apply_policy(api_id, "rate-limiting", {"rateLimits": limits})
    application = await platform.admin.create_application("phone")
    contract = await platform.admin.request_contract(api_id, application["id"])
    await accepted(platform, report(), "gateway-1:9001")
    violation = {"policy_id": str(policy["id"]), "policy_name": "rate-limiting"}
    page = await page_of(
        owner,
        api_id=api_id,
        client_id=application["clientId"],
        host_id="gateway-1",
        status_code=429,
        request_disposition="BLOCKED",
        policy_violation=violation,
        answered_by="policy",
        decision={
            "id": DECISION_ID,
            "revision": "1795847324595",
            "contract_id": str(contract["id"]),
            "sla_tier": "gold",
            "reason": "quota_exceeded",
            "detail": "1 of 1 limits used up, for 12 s more",
            "verdicts": [
                {"policy_name": "cors", "policy_id": "999", "said": "skipped"},
                violation | {"said": "denied"},
                {"policy_name": "spike-control", "policy_id": "998", "said": "not_reached"},
            ],
        },
    )
    assert f'/apis/{api_id}/policies/{policy["id"]}">rate-limiting</a>' in page
    assert f'/contracts/{contract["id"]}">contract {contract["id"]}</a>' in page
    assert f'/applications/{application["id"]}">phone</a>' in page
    assert re.search(r'/adapters/\d+">gateway-1:9001</a>', page)
    text = words(page)
    for part in (
        "Answered by the policy",
        "quota_exceeded 1 of 1 limits used up, for 12 s more",
        "SLA tier gold",
        "snapshot 1795847324595 the adapter's own number",
        "cors 999 skipped",
        "✕ denied",
        "spike-control 998 not asked",
        DECISION_ID,
    ):
        assert part in text, part
    [exported] = json.loads(await owner.page(f"{owner.home}/requests.json?id={DECISION_ID}"))
    assert exported["decision"]["verdicts"][2]["said"] == "not_reached"


async def test_an_automated_policy_has_its_own_page(owner: Visitor, platform: Platform) -> None:
    """It is not one of the API's own."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    policy = await platform.admin.apply_automated_policy("access-block", {})
    verdict = {"policy_name": "access-block", "policy_id": str(policy["id"]), "said": "passed"}
    page = await page_of(owner, api_id=api_id, decision={"id": "a", "verdicts": [verdict]})
    assert f'/automated-policies/{policy["id"]}">access-block</a>' in page
    assert "✓ passed" in words(page)


ANSWERS: list[tuple[dict[str, Any], str]] = [
    ({"answered_by": "upstream"}, "the upstream"),
    (
        {"answered_by": "upstream", "response_details": "reset"},
        "the upstream; its answer broke off: reset",
    ),
    ({"answered_by": "policy"}, "a policy, in place of the upstream"),
    ({"answered_by": "adapter"}, "the adapter, before any policy was asked"),
    (
        {"answered_by": "envoy", "response_details": "no_healthy_upstream"},
        "Envoy, not the upstream: no_healthy_upstream",
    ),
    ({"answered_by": "envoy", "status_code": 499}, "nobody: the client left"),
    ({}, "the gateway does not say it"),
    ({"policy_violation": {"policy_id": 7, "policy_name": "cors"}}, "the policy"),
]


async def test_who_answered(owner: Visitor) -> None:
    """A 503 of Envoy is told from one of the upstream. Not every gateway says it."""
    for members, said in ANSWERS:
        text = words(await page_of(owner, **members))
        assert f"Answered by {said}" in text
        assert "analytics.verdict_sample" in text


async def test_a_contract_that_is_gone_is_named(owner: Visitor) -> None:
    """So is the lack of verdicts."""
    decision = {"id": "a", "contract_id": "4711", "reason": "api_closed"}
    text = words(await page_of(owner, answered_by="adapter", decision=decision))
    assert "contract 4711 (no longer there)" in text
    assert "No policy refused this request" in text


async def test_a_decision_is_found_by_its_id_at_any_time(
    owner: Visitor, platform: Platform
) -> None:
    """Clients report ids days later. Other ids are looked for in the time that is shown."""
    old = platform.clock.now().replace(day=platform.clock.now().day - 3)
    times = {"received_ts": iso(old), "replied_ts": iso(old)}
    found = denied(platform, **times, decision={"id": DECISION_ID}, path="/found")
    other = denied(platform, **times, transaction_id="t-1", path="/other")
    await send(platform, [found, other])
    assert "/found" in await owner.page(f"{owner.home}/requests?id={DECISION_ID}")
    assert "/other" not in await owner.page(f"{owner.home}/requests?id=t-1")
    assert "/other" in await owner.page(f"{owner.home}/requests?id=t-1&range=7d")
    missing = await owner.page(f"{owner.home}/requests?id={DECISION_ID[::-1]}")
    assert "No request matches." in missing


SAID = {"policy_name": "cors", "policy_id": "1", "said": "passed"}
WRONG: list[dict[str, Any]] = [
    {"answered_by": "me"},
    {"response_details": "x" * 501},
    {"decision": {}},
    {"decision": {"id": "<script>"}},
    {"decision": {"id": "a", "verdicts": [SAID | {"said": "maybe"}]}},
    {"decision": {"id": "a", "verdicts": [SAID] * 101}},
    {"decision": {"id": "a", "detail": "x" * 1001}},
]


async def test_what_is_no_decision_is_refused(platform: Platform) -> None:
    """The events are named in the answer, and their neighbour is stored."""
    batch = [event(platform), *(event(platform) | members for members in WRONG)]
    answer = (await send(platform, batch)).json()
    assert answer["accepted"] == 1
    assert [refused["index"] for refused in answer["rejected"]] == [*range(1, len(batch))]


async def test_hostile_words_are_shown_as_text(owner: Visitor) -> None:
    """Whatever a gateway sends."""
    evil = "<script>alert(1)</script>"
    verdict = {"policy_name": evil, "policy_id": evil, "said": "passed"}
    texts = dict.fromkeys(["revision", "contract_id", "sla_tier", "reason", "detail"], evil)
    page = await page_of(
        owner,
        answered_by="envoy",
        response_details=evil,
        host_id="%_<script>",
        decision={"id": "a", "verdicts": [verdict], **texts},
    )
    assert evil not in page
