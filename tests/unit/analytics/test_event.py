"""Events in the platform's form."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.event import (
    EventEncoder,
    EventOrigin,
    subject_of,
    uuids7,
    uuids7_in_a_row,
)
from adapter.authorization.decision_record import DecisionRecord
from tests.unit.analytics.envoy_log import ALLOWED, DENIED, START_MS

ANY_CHARACTER = st.characters(exclude_categories=())
ENCODER = EventEncoder(EventOrigin("org-1", "host-1", "service_mesh"))

SUBJECT = subject_of(ALLOWED).processed
VIOLATION = {"policy_id": "77", "policy_name": "rate-limiting", "outcome": "VIOLATION"}


def members(subject: str) -> dict[str, Any]:
    """What the platform reads in the members of a subject."""
    document: dict[str, Any] = json.loads(f"{{{subject}}}")
    return document


def encoded(
    *,
    received_ms: int = START_MS,
    response_ms: int = 11,
    backend_ms: int | None = None,
    transaction_id: str = "1a03d4f1",
    path: str = "/orders/1",
) -> dict[str, Any]:
    """What the platform reads in an event."""
    numbers = (received_ms, response_ms, backend_ms)
    texts = ("null", "GET", path)
    event = ENCODER.encode("1", SUBJECT, transaction_id, *numbers, *texts, 200, '"curl"', 12, 369)
    document: dict[str, Any] = json.loads(event)
    return document


def test_denied_request_names_the_violated_policy() -> None:
    """Denied traffic shows in analytics as blocked, by that policy."""
    document = members(subject_of(DENIED).blocked)
    assert document["request_disposition"] == "BLOCKED"
    assert document["policy_violation"] == VIOLATION


def test_policy_that_lacks_something_is_an_error_not_a_violation() -> None:
    """A policy that could not judge is not counted as the client's fault."""
    record = DENIED._replace(reason="address_unknown", policy_type="ip-blocklist")
    assert members(subject_of(record).blocked)["policy_violation"]["outcome"] == "ERROR"


def test_denial_without_a_policy_blames_none() -> None:
    """A closed API blocks, but no policy was violated."""
    document = members(subject_of(ALLOWED._replace(reason="api_closed")).blocked)
    assert (document["request_disposition"], document["policy_violation"]) == ("BLOCKED", None)


def test_anonymous_request_has_no_application() -> None:
    """A request without credentials has null, not an application of the empty name."""
    document = members(subject_of(DecisionRecord(api_id="1", api_name="a")).processed)
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
    assert members(subject_of(DecisionRecord(api_id=api_id)).processed)["api_id"] == expected


def test_backend_time_is_sent_when_known() -> None:
    """A platform that takes more than the documented members gets the backend's share."""
    assert encoded(backend_ms=0)["backend_ms"] == 0


@given(
    path=st.text(ANY_CHARACTER),
    transaction_id=st.text(ANY_CHARACTER),
    received_ms=st.integers(0, 253_402_300_799_000),
    response_ms=st.integers(0, 100_000),
)
def test_any_text_and_time_survive(
    path: str, transaction_id: str, received_ms: int, response_ms: int
) -> None:
    """Whatever a request contains, its event is valid JSON and says the same."""
    response_ms = min(response_ms, 253_402_300_799_000 - received_ms)
    document = encoded(
        path=path, transaction_id=transaction_id, received_ms=received_ms, response_ms=response_ms
    )
    assert (document["path"], document["transaction_id"]) == (path, transaction_id)
    received = datetime.fromisoformat(document["received_ts"])
    assert round(received.timestamp() * 1000) == received_ms
    replied = datetime.fromisoformat(document["replied_ts"])
    assert (replied - received).total_seconds() * 1000 == pytest.approx(response_ms)


@given(names=st.lists(st.text(ANY_CHARACTER), min_size=6, max_size=6), blocked=st.booleans())
def test_any_name_survives(names: list[str], blocked: bool) -> None:
    """Whatever admins call things, lone surrogates included, it is valid JSON and says the same."""
    api_name, api_version, client_id, client_name, policy_id, policy_type = names
    subject = subject_of(
        DecisionRecord("1", api_name, api_version, client_id, client_name)._replace(
            policy_id=policy_id, policy_type=policy_type
        )
    )
    document = members(subject.blocked if blocked else subject.processed)
    violation = document["policy_violation"] or {"policy_id": ""}
    assert (document["api_name"], document["api_version"]) == (api_name, api_version)
    assert (document["client_id"] or "", document["application_name"] or "") == (
        client_id,
        client_name,
    )
    assert violation["policy_id"] == policy_id
    assert violation.get("policy_name", policy_type) == policy_type
    assert document["request_disposition"] == ("BLOCKED" if blocked else "PROCESSED")


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


@given(
    unix_ms=st.integers(0, 2**48 - 1),
    random=st.binary(min_size=10, max_size=10),
    count=st.integers(0, 256),
)
def test_ids_in_a_row_are_different(unix_ms: int, random: bytes, count: int) -> None:
    """One id's random bytes make many, all of version 7, with the time in front."""
    ids = uuids7_in_a_row(unix_ms, random, count)
    parsed = {uuid.UUID(text) for text in ids}
    assert len(parsed) == len(ids) == count
    assert {(one.version, one.variant, one.int >> 80) for one in parsed} <= {
        (7, uuid.RFC_4122, unix_ms)
    }
    assert list(ids[:1]) == list(uuids7(unix_ms, random))[: len(ids)]
