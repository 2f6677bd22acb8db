"""The members of events that follow from a decision."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.analytics.subject import subject_of
from adapter.authorization.decision_record import DecisionRecord
from tests.unit.analytics.envoy_log import ALLOWED, DENIED

ANY_CHARACTER = st.characters(exclude_categories=())


VIOLATION = {"policy_id": "77", "policy_name": "rate-limiting", "outcome": "VIOLATION"}


def members(subject: str) -> dict[str, Any]:
    """What the platform reads in the members of a subject."""
    document: dict[str, Any] = json.loads(f"{{{subject}}}")
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
