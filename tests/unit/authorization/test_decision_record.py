"""What travels from the Check to the access log entry."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.authorization.decision_record import DecisionRecord
from adapter.policy.catalog import ApiInstance, PolicyRef
from adapter.policy.decision import Allowed, Answered, Denied
from adapter.policy.verdicts import Deny, DenyReason, DirectResponse, Identity


def test_an_allowed_request_tells_who_called_what() -> None:
    """The access log entry alone names API and application."""
    decision = Allowed(ApiInstance("7", "orders", "v1"), 3, Identity("c1", "App", "k1", "gold"))
    assert DecisionRecord.of(decision).to_metadata() == {
        "api": "7|orders|v1|3",
        "caller": "c1|App|k1|gold",
    }


def test_a_denied_request_tells_which_policy_refused_and_why() -> None:
    """Violations are attributed to the policy."""
    deny = Deny(DenyReason.QUOTA_EXCEEDED, 429, "Quota exceeded", detail="3 in 60 s")
    record = DecisionRecord.of(
        Denied(deny, 3, ApiInstance("7", "orders"), PolicyRef("12", "rate-limiting"))
    )
    assert (record.reason, record.policy_id, record.policy_type, record.detail) == (
        "quota_exceeded",
        "12",
        "rate-limiting",
        "3 in 60 s",
    )
    assert record.status == "429"


def test_an_answer_of_our_own_names_no_policy() -> None:
    """A preflight is no violation of the policy that answers it."""
    record = DecisionRecord.of(Answered(DirectResponse(204), 3, ApiInstance("7", "orders")))
    assert record.to_metadata() == {
        "api": "7|orders||3",
        "reason": "answered",
        "status": "204",
    }


@given(st.builds(DecisionRecord, *[st.text() | st.text("|%7C25")] * len(DecisionRecord._fields)))
def test_metadata_reads_back_as_written(record: DecisionRecord) -> None:
    """Nothing is lost on the way through Envoy; keys of others are passed over."""
    metadata = record.to_metadata() | {"ext_authz_duration": "7"}
    assert DecisionRecord.from_metadata(metadata) == record
