"""Analytics: ingest, export and summaries."""

import gzip
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.errors import Invalid, TooLarge
from control_plane.protocol.ingest import unpack
from support.admin import AdminError
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send


async def test_a_batch_sent_again_counts_once(platform: Platform) -> None:
    """A gateway that missed the answer may send the same batch again."""
    batch = [event(platform), event(platform)]
    first = await send(platform, [*batch, batch[0]])
    assert first.status_code == 200
    assert first.json() == {"accepted": 2, "duplicates": 1, "rejected": []}
    again = await send(platform, [*batch, event(platform)])
    assert again.json() == {"accepted": 1, "duplicates": 2, "rejected": []}
    assert (await platform.admin.summary("status_code"))["total"] == 3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"event_id": ""}, "event_id"),
        ({"event_id": None}, "event_id"),
        ({"api_id": "1"}, "api_id"),
        ({"api_id": 2**63}, "api_id"),
        ({"status_code": 1000}, "status_code"),
        ({"status_code": True}, "status_code"),
        ({"received_ts": "yesterday"}, "received_ts"),
        ({"received_ts": "2026-11-23T12:00:00"}, "received_ts"),
        ({"received_ts": "2026-11-24T12:00:00Z"}, "received_ts"),
        ({"path": "/\ud800"}, "path"),
        ({"path": "/\0"}, "path"),
        ({"policy_violation": {"policy_id": "\0"}}, "policy_violation.policy_id"),
        ({"client_id": {"a": [[]]}}, "client_id"),
        ({"path": "x" * 501}, "path"),
        ({"request_bytes": -2}, "request_bytes"),
        ({"request_bytes": 1e400}, "request_bytes"),
        ({"policy_violation": {"outcome": "MAYBE"}}, "policy_violation.outcome"),
        ({"event_id": "\udfff"}, "event_id"),
        ({"policy_violation": {"policy_id": "\ud800"}}, "policy_violation.policy_id"),
        ({"org_id": "other"}, "org_id"),
    ],
)
async def test_a_bad_event_is_rejected_alone(
    platform: Platform, change: dict[str, Any], named: str
) -> None:
    """The rest of the batch is stored, and the answer names index and field."""
    answer = (
        await send(platform, [event(platform), event(platform) | change, event(platform)])
    ).json()
    assert answer["accepted"] == 2
    [rejected] = answer["rejected"]
    assert rejected["index"] == 1
    assert named in rejected["error"]
    assert (await platform.admin.summary("api"))["total"] == 2


@pytest.mark.parametrize("document", [None, 5, "text", [], {}])
async def test_what_is_no_event_is_rejected(platform: Platform, document: Any) -> None:
    """Any JSON may stand where an event should."""
    answer = (await send(platform, [document])).json()
    assert answer["accepted"] == 0
    assert len(answer["rejected"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"[]", 400, id="not compressed"),
        pytest.param(gzip.compress(b"[]")[:-4], 400, id="cut off"),
        pytest.param(gzip.compress(b"[]") + b"x", 400, id="octets behind the end"),
        pytest.param(gzip.compress(b"["), 400, id="not JSON"),
        pytest.param(gzip.compress(b"{}"), 400, id="not a list"),
        pytest.param(gzip.compress(b"\xff"), 400, id="not UTF-8"),
        pytest.param(gzip.compress(b"[" * 200_000), 400, id="too deep"),
        pytest.param(gzip.compress(b" " * (2 << 20)), 413, id="too long when decompressed"),
        pytest.param(gzip.compress(b"[" + b"0," * 500 + b"0]"), 413, id="too many events"),
        pytest.param(bytes(9 << 20), 413, id="too long"),
    ],
)
async def test_a_bad_batch_is_refused_whole(platform: Platform, body: bytes, status: int) -> None:
    """Neither damaged bodies nor bombs get in, and nothing of them is stored."""
    response = await platform.gateway.post("/v2/analytics/events", content=body)
    assert response.status_code == status
    assert (await platform.admin.summary("api"))["total"] == 0


@given(body=st.binary(max_size=2000), limit=st.integers(0, 2500))
def test_unpacking_gives_back_what_was_packed_or_refuses(body: bytes, limit: int) -> None:
    """The limit is exact, and random bytes are never taken for a batch."""
    if len(body) > limit:
        with pytest.raises(TooLarge):
            unpack(gzip.compress(body), limit)
    else:
        assert unpack(gzip.compress(body), limit) == body
    with pytest.raises(Invalid):
        unpack(b"\x00" + body, limit)


async def test_only_gateways_send_events(platform: Platform) -> None:
    """An admin's token names no environment that events could belong to."""
    with pytest.raises(AdminError) as refused:
        await platform.admin.ask("POST", "/v2/analytics/events", [])
    assert refused.value.status == 403


async def test_a_query_string_is_never_kept(platform: Platform) -> None:
    """Should a gateway send one, its secrets stop here."""
    await send(platform, [event(platform, path="/orders?token=geheim")])
    [exported] = await platform.admin.events()
    assert exported["Resource Path"] == "/orders"


async def test_summaries_equal_what_was_sent(platform: Platform) -> None:
    """Counts, bytes and times by status, application, policy, API and outcome."""
    platform.clock.move(seconds=3)
    now = platform.clock.now()
    started = now.replace(second=1).isoformat()
    replied = now.isoformat()
    slow = {"received_ts": started, "replied_ts": replied}
    await send(
        platform,
        [
            event(platform, **slow),
            event(platform, request_bytes=-1, client_id="def", application_name="watch"),
            denied(platform),
            denied(platform, api_id=2, client_id=None, application_name=None),
        ],
    )

    async def counts(group_by: str) -> dict[Any, int]:
        answer = await platform.admin.summary(group_by)
        assert answer["total"] == 4
        return {group["key"]: group["count"] for group in answer["groups"]}

    assert await counts("status_code") == {200: 2, 429: 2}
    assert await counts("application") == {"abc": 2, "def": 1, None: 1}
    assert await counts("policy") == {None: 2, "rate-limiting": 2}
    assert await counts("api") == {1: 3, 2: 1}
    assert await counts("outcome") == {"PROCESSED": 2, "BLOCKED": 2}
    groups = {g["key"]: g for g in (await platform.admin.summary("status_code"))["groups"]}
    assert groups[200] == {
        "key": 200,
        "name": 200,
        "count": 2,
        "requestBytes": 10,
        "responseBytes": 200,
        "responseTimeAvgMs": 1000.0,
        "responseTimeMaxMs": 2000,
    }
    by_application = (await platform.admin.summary("application", apiIds=1))["groups"]
    assert {group["name"] for group in by_application} == {"phone", "watch"}


async def test_an_unknown_grouping_is_refused(platform: Platform) -> None:
    """The answer names the groupings that there are."""
    with pytest.raises(AdminError, match="status_code"):
        await platform.admin.summary("colour")


async def test_events_are_kept_for_a_limited_time(platform: Platform) -> None:
    """After the retention they go, so that the disk is never full of the past."""
    await send(platform, [event(platform)])
    platform.clock.move(days=31)
    token = await platform.anyone.post(
        "/accounts/oauth2/token",
        json={
            "grant_type": "client_credentials",
            "client_id": platform.credentials.gateway_client_id,
            "client_secret": platform.credentials.gateway_client_secret,
        },
    )
    platform.gateway.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
    await platform.admin.log_in()
    await send(platform, [event(platform)])
    assert (await platform.admin.summary("api", duration="60d"))["total"] == 1
