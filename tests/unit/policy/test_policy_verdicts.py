"""What each policy said, told from the decision."""

from dataclasses import replace

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.decision import Allowed, Denied
from adapter.policy.policy_verdicts import policy_verdicts
from adapter.policy.verdicts import Deny, DenyReason
from tests.builders import CLIENT_ID_ENFORCEMENT, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials
from tests.unit.policy.test_wrapped_rules import MESSAGE_LOGGING, RATE_LIMITING

BLOCKED_ADMIN = applied("access-block", pointcuts=(Pointcut(".*", "/admin"),), order=1)
CHAIN = tuple(
    replace(policy, order=order)
    for order, policy in enumerate(
        (BLOCKED_ADMIN, MESSAGE_LOGGING, CLIENT_ID_ENFORCEMENT, RATE_LIMITING)
    )
)


def said(*policies: AppliedPolicy, path: str = "/orders", **headers: str) -> dict[str, str]:
    """What each policy says, by its type."""
    gateway = Gateway(*policies, contracts=[contract("app")])
    request = a_request(path=path, headers=headers)
    decision = gateway.ask(request)
    assert isinstance(decision, Allowed | Denied)
    verdicts = policy_verdicts(request, gateway.api, decision)
    return {ref.policy_type: said.value for ref, said in verdicts}


def test_all_policies_that_apply_let_an_allowed_request_pass() -> None:
    """A policy for another part of the API was skipped."""
    assert said(*CHAIN, **credentials("app", "secret")) == {
        "access-block": "skipped",
        "message-logging": "passed",
        "client-id-enforcement": "passed",
        "rate-limiting": "passed",
    }


def test_the_policies_behind_the_one_that_refused_were_not_asked() -> None:
    """Those before it had no objection."""
    assert said(*CHAIN, **credentials("app", "wrong")) == {
        "access-block": "skipped",
        "message-logging": "passed",
        "client-id-enforcement": "denied",
        "rate-limiting": "not_reached",
    }


def test_a_policy_behind_the_refusal_that_does_not_apply_is_skipped() -> None:
    """It would not have been asked in any case."""
    late = applied("access-block", pointcuts=(Pointcut(".*", "/admin"),), order=99)
    verdicts = said(CLIENT_ID_ENFORCEMENT, late)
    assert verdicts == {"client-id-enforcement": "denied", "access-block": "skipped"}


def test_a_refusal_without_a_policy_has_no_verdicts() -> None:
    """A path that cannot be judged is not matched against any pointcut."""
    gateway = Gateway(*CHAIN)
    refusal = Denied(Deny(DenyReason.AMBIGUOUS_PATH, 400, ""), 1, gateway.api.instance)
    assert policy_verdicts(a_request(path="/../x"), gateway.api, refusal) == []
