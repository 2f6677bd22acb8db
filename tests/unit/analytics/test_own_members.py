"""What only our control plane is told about a request."""

from typing import Any

import pytest
from envoy.data.accesslog.v3 import accesslog_pb2 as envoy

from tests.unit.analytics.envoy_log import ALLOWED, DENIED, connection_entry, http_entry
from tests.unit.analytics.translating import event_of, translating

NOTED = {"decision_id": "019ac8f1b2d4f7a3e001", "verdicts": "cors/3=passed|rate-limiting/77=denied"}
VERDICTS = [
    {"policy_name": "cors", "policy_id": "3", "said": "passed"},
    {"policy_name": "rate-limiting", "policy_id": "77", "said": "denied"},
]


def own(entry: envoy.HTTPAccessLogEntry) -> dict[str, Any]:
    """The members that the published form does not have."""
    published = event_of(entry)
    event = event_of(entry, translating(ours=True))
    assert event.items() >= published.items()
    return {name: value for name, value in event.items() if name not in published}


def test_a_denial_says_why_and_what_each_policy_said() -> None:
    """With the contract, the tier and the revision of the snapshot."""
    record = DENIED._replace(detail="3 in 60 s", **NOTED)
    assert own(http_entry(record=record, refused=True, details="ext_authz_denied")) == {
        "answered_by": "policy",
        "decision": {
            "id": "019ac8f1b2d4f7a3e001",
            "revision": "17",
            "contract_id": "2211",
            "sla_tier": "gold",
            "reason": "quota_exceeded",
            "detail": "3 in 60 s",
            "verdicts": VERDICTS,
        },
    }


def test_a_sampled_request_says_what_each_policy_said() -> None:
    """Nothing was refused, so there is no reason."""
    decision = own(http_entry(record=ALLOWED._replace(**NOTED)))["decision"]
    assert decision == {
        "id": "019ac8f1b2d4f7a3e001",
        "revision": "17",
        "contract_id": "2211",
        "sla_tier": "gold",
        "verdicts": VERDICTS,
    }


def test_other_allowed_requests_say_only_who_answered() -> None:
    """Most events stay small."""
    assert own(http_entry()) == {"answered_by": "upstream"}


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        (
            http_entry(
                record=ALLOWED._replace(reason="not_ready"),
                refused=True,
                details="ext_authz_denied",
            ),
            {"answered_by": "adapter"},
        ),
        (
            http_entry(
                record=ALLOWED._replace(reason="answered"), refused=True, details="ext_authz_denied"
            ),
            {"answered_by": "policy"},
        ),
        (
            http_entry(status=503, details="no_healthy_upstream"),
            {"answered_by": "envoy", "response_details": "no_healthy_upstream"},
        ),
        (
            http_entry(status=403, refused=True, details="ext_authz_error"),
            {"answered_by": "envoy", "response_details": "ext_authz_error"},
        ),
        (
            http_entry(details="upstream_reset_after_response_started{connection_termination}"),
            {
                "answered_by": "upstream",
                "response_details": "upstream_reset_after_response_started{connection_termination}",
            },
        ),
        (http_entry(status=503, details="x" * 999), {"answered_by": "envoy"}),
        (http_entry(details=""), {}),
        (connection_entry(), {}),
    ],
    ids=["adapter", "preflight", "503", "no answer", "cut off", "long", "unknown", "tcp"],
)
def test_who_answered(entry: envoy.HTTPAccessLogEntry, expected: dict[str, str]) -> None:
    """A 503 of Envoy is not one of the upstream. Envoy's reason is cut to 200 characters."""
    said = own(entry)
    assert said.items() >= expected.items()
    assert len(said.get("response_details", "")) <= 200
    assert "decision" not in said


def test_an_id_that_is_no_text_is_left_out() -> None:
    """The metadata may be written by another filter of Envoy."""
    entry = http_entry(record=DENIED)
    for value in (7, True, None):
        fields = entry.common_properties.metadata.filter_metadata["envoy.filters.http.ext_authz"]
        fields.update({"decision_id": value})
        assert own(entry) == {"answered_by": "upstream"}
    fields.fields["decision_id"].Clear()
    assert own(entry) == {"answered_by": "upstream"}
