"""Events in the platform's form."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.event import ApiEvent, EventEncoder, EventOrigin, uuids7
from adapter.authorization.record import DecisionRecord
from tests.unit.analytics.envoy_log import ALLOWED, DENIED, START_MS

ENCODER = EventEncoder(EventOrigin("org-1", "host-1", "service_mesh"))

EVENT = ApiEvent(
    event_id="019a0000-0000-7000-8000-000000000000",
    record=ALLOWED,
    blocked=False,
    received_ms=START_MS,
    response_ms=11,
    backend_ms=None,
    client_ip="8.8.8.8",
    verb="GET",
    path="/orders/1",
    status_code=200,
    user_agent="curl/8.5",
    request_bytes=12,
    response_bytes=369,
    transaction_id="1a03d4f1",
)


def encoded(event: ApiEvent) -> dict[str, Any]:
    """What the platform reads."""
    document: dict[str, Any] = json.loads(ENCODER.encode(event))
    return document


def test_event_has_the_members_of_the_platforms_schema() -> None:
    """The platform finds every documented member, and no other, in its documented type."""
    assert encoded(EVENT) == {
        "event_id": "019a0000-0000-7000-8000-000000000000",
        "api_id": 15597,
        "api_version_id": 15597,
        "api_name": "orders",
        "api_version": "1.0.0",
        "client_id": "d5acce41",
        "application_name": "Mobile app",
        "request_disposition": "PROCESSED",
        "policy_violation": None,
        "transaction_id": "1a03d4f1",
        "received_ts": "2026-11-22T22:44:59.190+00:00",
        "replied_ts": "2026-11-22T22:44:59.201+00:00",
        "client_ip": "8.8.8.8",
        "verb": "GET",
        "path": "/orders/1",
        "status_code": 200,
        "user_agent": "curl/8.5",
        "request_bytes": 12,
        "response_bytes": 369,
        "org_id": "org-1",
        "host_id": "host-1",
        "deployment_type": "service_mesh",
    }


def test_denied_request_names_the_violated_policy() -> None:
    """Denied traffic shows in analytics as blocked, by that policy."""
    document = encoded(EVENT._replace(record=DENIED, blocked=True, status_code=429))
    assert document["request_disposition"] == "BLOCKED"
    assert document["policy_violation"] == {
        "policy_id": "77",
        "policy_name": "rate-limiting",
        "outcome": "VIOLATION",
    }


def test_policy_that_lacks_something_is_an_error_not_a_violation() -> None:
    """A policy that could not judge is not counted as the client's fault."""
    record = DENIED._replace(reason="address_unknown", policy_type="ip-blocklist")
    violation = encoded(EVENT._replace(record=record, blocked=True))["policy_violation"]
    assert violation["outcome"] == "ERROR"


def test_denial_without_a_policy_blames_none() -> None:
    """A closed API blocks, but no policy was violated."""
    record = ALLOWED._replace(reason="api_closed")
    document = encoded(EVENT._replace(record=record, blocked=True))
    assert (document["request_disposition"], document["policy_violation"]) == ("BLOCKED", None)


def test_anonymous_request_has_no_application() -> None:
    """A request without credentials has null, not an application of the empty name."""
    document = encoded(EVENT._replace(record=DecisionRecord(api_id="1", api_name="a")))
    assert (document["client_id"], document["application_name"]) == (None, None)


@pytest.mark.parametrize(
    ("api_id", "expected"),
    [
        ("0", 0),
        ("999999999999999999", 999999999999999999),
        ("1000000000000000000", "1000000000000000000"),
        ("007", "007"),
        ("-1", "-1"),
        ("a-b", "a-b"),
        ("١٢", "١٢"),
        ("²", "²"),
        ("", ""),
    ],
)
def test_api_id_is_a_number_only_where_it_is_one(api_id: str, expected: object) -> None:
    """Ids that are not the platform's numbers stay what they are."""
    assert encoded(EVENT._replace(record=DecisionRecord(api_id=api_id)))["api_id"] == expected


def test_backend_time_is_sent_when_known() -> None:
    """A platform that takes more than the documented members gets the backend's share."""
    assert encoded(EVENT._replace(backend_ms=0))["backend_ms"] == 0


@given(
    texts=st.lists(st.text(), min_size=12, max_size=12),
    received_ms=st.integers(0, 253_402_300_799_000),
    response_ms=st.integers(0, 100_000),
    blocked=st.booleans(),
)
def test_any_text_survives(
    texts: list[str], received_ms: int, response_ms: int, blocked: bool
) -> None:
    """Whatever names and headers contain, the event is valid JSON and says the same."""
    names = dict(zip(("api_id", "api_name", "client_id", "client_name"), texts, strict=False))
    record = DecisionRecord(**names, policy_id=texts[6], policy_type=texts[7])
    event = EVENT._replace(
        record=record,
        blocked=blocked,
        received_ms=received_ms,
        response_ms=min(response_ms, 253_402_300_799_000 - received_ms),
        path=texts[8],
        user_agent=texts[9],
        transaction_id=texts[10],
        client_ip=texts[11],
    )
    document = encoded(event)
    assert document["api_name"] == record.api_name
    assert (document["client_id"] or "") == record.client_id
    assert [document[k] for k in ("path", "user_agent", "transaction_id", "client_ip")] == texts[8:]
    received = datetime.fromisoformat(document["received_ts"])
    assert round(received.timestamp() * 1000) == received_ms
    replied = datetime.fromisoformat(document["replied_ts"])
    assert (replied - received).total_seconds() * 1000 == pytest.approx(event.response_ms)


@given(unix_ms=st.integers(0, 2**48 - 1), random=st.binary(min_size=30, max_size=30))
def test_ids_are_uuids_of_version_7(unix_ms: int, random: bytes) -> None:
    """There is one for each ten random bytes, in the standard's variant, the time in front."""
    parsed = [uuid.UUID(text) for text in uuids7(unix_ms, random)]
    assert [(one.version, one.variant) for one in parsed] == [(7, uuid.RFC_4122)] * 3
    assert {one.int >> 80 for one in parsed} == {unix_ms}


@given(first=st.integers(0, 2**48 - 2))
def test_uuids_sort_by_time(first: int) -> None:
    """Later ids sort after earlier ones, so that a platform's index grows at its end."""
    (earlier,), (later,) = uuids7(first, b"\xff" * 10), uuids7(first + 1, b"\x00" * 10)
    assert earlier < later


def test_uuids_use_all_their_randomness() -> None:
    """Each of 74 random bits reaches the id: ids of one millisecond do not collide."""
    ids = set(uuids7(0, b"".join((1 << bit).to_bytes(10) for bit in range(80))))
    assert len(ids - set(uuids7(0, bytes(10)))) == 74
