"""Analytics: ingest, export and summaries."""

import csv
import gzip
import io
import json
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.analytics_ingest import Event, unpack
from control_plane.clock import iso
from control_plane.errors import BadRequest, TooLarge
from demo.admin import AdminError
from tests.control_plane.conftest import Platform


def _event(platform: Platform, **fields: Any) -> dict[str, Any]:
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


def _denied(platform: Platform, **fields: Any) -> dict[str, Any]:
    violation = {"policy_id": 7, "policy_name": "rate-limiting", "outcome": "VIOLATION"}
    return _event(
        platform,
        status_code=429,
        request_disposition="BLOCKED",
        policy_violation=violation,
        **fields,
    )


async def _send(platform: Platform, batch: Any) -> httpx.Response:
    return await platform.gateway.post(
        "/v2/analytics/events",
        content=gzip.compress(json.dumps(batch).encode()),
        headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
    )


async def test_a_batch_sent_again_counts_once(platform: Platform) -> None:
    """A gateway that missed the answer may send the same batch again."""
    batch = [_event(platform), _event(platform)]
    first = await _send(platform, [*batch, batch[0]])
    assert first.status_code == 200
    assert first.json() == {"accepted": 2, "duplicates": 1, "rejected": []}
    again = await _send(platform, [*batch, _event(platform)])
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
        await _send(platform, [_event(platform), _event(platform) | change, _event(platform)])
    ).json()
    assert answer["accepted"] == 2
    [rejected] = answer["rejected"]
    assert rejected["index"] == 1
    assert named in rejected["error"]
    assert (await platform.admin.summary("api"))["total"] == 2


@pytest.mark.parametrize("document", [None, 5, "text", [], {}])
async def test_what_is_no_event_is_rejected(platform: Platform, document: Any) -> None:
    """Any JSON may stand where an event should."""
    answer = (await _send(platform, [document])).json()
    assert answer["accepted"] == 0
    assert len(answer["rejected"]) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 400),
        (gzip.compress(b"[]")[:-4], 400),
        (gzip.compress(b"[]") + b"x", 400),
        (gzip.compress(b"["), 400),
        (gzip.compress(b"{}"), 400),
        (gzip.compress(b"\xff"), 400),
        (gzip.compress(b"[" * 200_000), 400),
        (gzip.compress(b" " * (2 << 20)), 413),
        (gzip.compress(b"[" + b"0," * 500 + b"0]"), 413),
        (bytes(9 << 20), 413),
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
    with pytest.raises(BadRequest):
        unpack(b"\x00" + body, limit)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(list(Event.__annotations__)), value=JSON)
async def test_no_value_in_an_event_holds_up_a_batch(
    platform: Platform, name: str, value: Any
) -> None:
    """Whatever stands in a field, its event is stored or named, and its neighbours are stored."""
    before = (await platform.admin.summary("api"))["total"]
    batch = [_event(platform), _event(platform) | {name: value}]
    answer = (await _send(platform, batch)).json()
    assert answer["accepted"] + answer["duplicates"] + len(answer["rejected"]) == 2
    assert answer["accepted"] >= 1
    # An event may also be dated outside of the last day.
    assert (await platform.admin.summary("api"))["total"] > before


async def test_only_gateways_send_events(platform: Platform) -> None:
    """An admin's token names no environment that events could belong to."""
    with pytest.raises(AdminError) as refused:
        await platform.admin.ask("POST", "/v2/analytics/events", [])
    assert refused.value.status == 403


async def test_a_query_string_is_never_kept(platform: Platform) -> None:
    """Should a gateway send one, its secrets stop here."""
    await _send(platform, [_event(platform, path="/orders?token=geheim")])
    [event] = await platform.admin.events()
    assert event["Resource Path"] == "/orders"


async def test_the_export_has_the_documented_titles(platform: Platform) -> None:
    """A report written for the vendor's export reads ours."""
    platform.clock.move(seconds=1)
    later = iso(platform.clock.now())
    await _send(platform, [_denied(platform, replied_ts=later, request_bytes=-1)])
    [event] = await platform.admin.events()
    assert event["Timestamp"] == later
    assert (event["API ID"], event["API Name"], event["API Version Name"]) == ("1", "orders", "v1")
    assert (event["Application"], event["Application Name"]) == ("abc", "phone")
    assert (event["Request Outcome"], event["Violated Policy Name"]) == ("BLOCKED", "rate-limiting")
    assert (event["Request Size"], event["Response Size"]) == (None, 100)
    assert (event["User Agent Name"], event["User Agent Version"]) == ("curl", "8.5.0")
    assert (event["Verb"], event["Resource Path"], event["Status Code"]) == (
        "GET",
        "/orders/1",
        429,
    )
    path = f"/analytics/1.0/{platform.credentials.organization_id}/events/fields"
    assert list(event) == await platform.admin.ask("GET", path)


async def test_csv_has_the_asked_fields_and_runs_nothing(platform: Platform) -> None:
    """Fields in the order asked for, the fixed ones after; no cell begins a formula."""
    await _send(platform, [_event(platform, user_agent="=cmd()", path='/a,"b"')])
    response = await platform.anyone.get(
        f"{platform.analytics}/events",
        params={"format": "csv", "fields": "Status Code.Resource Path.User Agent Name"},
        headers=platform.admin.authorization,
    )
    assert response.headers["Content-Type"].startswith("text/csv")
    titles, row = csv.reader(io.StringIO(response.text))
    assert titles == [
        "Status Code", "Resource Path", "User Agent Name", "Timestamp",
        "API ID", "API Name", "API Version ID", "API Version Name",
    ]  # fmt: skip
    assert row[:3] == ["200", '/a,"b"', "'=cmd()"]


async def test_the_export_finds_by_time_api_and_path(platform: Platform) -> None:
    """Duration, dates, API ids, path prefix and a limit narrow the export."""
    await _send(platform, [_event(platform, api_id=1, path="/a/old")])
    middle = platform.clock.now().isoformat()
    platform.clock.move(minutes=50)
    await _send(
        platform,
        [_event(platform, api_id=2, path="/A/new"), _event(platform, api_id=3, path="/a/new")],
    )

    async def paths(**query: Any) -> list[str]:
        return sorted(row["Resource Path"] for row in await platform.admin.events(**query))

    assert await paths() == ["/A/new", "/a/new", "/a/old"]
    assert await paths(duration="30m") == ["/A/new", "/a/new"]
    assert await paths(endDate=middle) == []
    assert await paths(startDate=middle, endDate="2026-11-23T12:30:00Z") == ["/a/old"]
    assert await paths(apiIds="1,3") == ["/a/new", "/a/old"]
    assert await paths(apiIds="1,3", apiVersionIds="3") == ["/a/new"]
    assert await paths(apiVersionIds="3") == ["/A/new", "/a/new", "/a/old"]
    assert await paths(apiIds="all", pathPrefix="/a/") == ["/a/new", "/a/old"]
    assert len(await paths(maxResults=1)) == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"duration": "1w"}, "duration"),
        ({"duration": "999999d"}, "duration"),
        ({"apiIds": "1;2"}, "apiIds"),
        ({"fields": "Colour"}, "Colour"),
        ({"maxResults": 20_001}, "maxResults"),
        ({"startDate": "noon"}, "startDate"),
    ],
)
async def test_bad_export_questions_name_the_parameter(
    platform: Platform, query: dict[str, Any], named: str
) -> None:
    """A wrong parameter is not ignored."""
    with pytest.raises(AdminError, match=named) as refused:
        await platform.admin.events(**query)
    assert refused.value.status == 400


async def test_csv_needs_fields_and_any_export_a_format(platform: Platform) -> None:
    """What the document requires is required."""
    for query in ("format=csv", "format=xml", ""):
        with pytest.raises(AdminError) as refused:
            await platform.admin.ask("GET", f"{platform.analytics}/events?{query}")
        assert refused.value.status == 400


async def test_names_come_from_the_platform_where_the_event_has_none(platform: Platform) -> None:
    """Gateways that know an API by its number only still make a readable report."""
    api_id = (await platform.admin.create_api("invoices"))["id"]
    await _send(platform, [_event(platform, api_id=api_id, api_name=None)])
    assert (await platform.admin.events())[0]["API Name"] == "invoices"


async def test_summaries_equal_what_was_sent(platform: Platform) -> None:
    """Counts, bytes and times by status, application, policy, API and outcome."""
    platform.clock.move(seconds=3)
    now = platform.clock.now()
    started = now.replace(second=1).isoformat()
    replied = now.isoformat()
    slow = {"received_ts": started, "replied_ts": replied}
    await _send(
        platform,
        [
            _event(platform, **slow),
            _event(platform, request_bytes=-1, client_id="def", application_name="watch"),
            _denied(platform),
            _denied(platform, api_id=2, client_id=None, application_name=None),
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
    await _send(platform, [_event(platform)])
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
    await _send(platform, [_event(platform)])
    assert (await platform.admin.summary("api", duration="60d"))["total"] == 1
