"""What an operator is told about a request that is not sent."""

from dataclasses import replace

import pytest

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.decision import Allowed, Answered, Denied
from adapter.policy.effects.effect import Effect, Outcome
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.effects.token import Introspect, VerifiedToken, VerifyToken
from adapter.policy.effects.user import Authenticate
from adapter.policy.explain import Explanation, explain
from adapter.policy.policy_verdicts import Said
from adapter.policy.request.attributes import RequestAttributes
from adapter.policy.snapshot import Api
from adapter.policy.verdicts import DenyReason
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials
from tests.unit.policy.test_wrapped_rules import (
    MESSAGE_LOGGING,
    RATE_LIMITING,
    SPIKE_CONTROL,
)

ADMIN = (Pointcut(".*", "/admin"),)
BLOCKED_ADMIN = applied("access-block", pointcuts=ADMIN, order=1)
JWT = applied(
    "jwt-validation",
    {"signingMethod": "hmac", "textKey": "k" * 32, "skipClientIdValidation": True},
)
INTROSPECTION = applied(
    "oauth2-token-introspection",
    {"introspectionURL": "https://idp.test/introspect", "authorizationValue": "Basic eA=="},
)
BEARER = {"authorization": "Bearer token"}


def said(explanation: Explanation) -> list[str]:
    """What each policy says."""
    return [step.said.value for step in explanation.steps]


def test_each_policy_says_what_it_says_in_a_check() -> None:
    """In the platform's order, each with what it would do; nothing is charged."""
    chain = [
        replace(policy, order=order)
        for order, policy in enumerate(
            (MESSAGE_LOGGING, CLIENT_ID_ENFORCEMENT, SPIKE_CONTROL, RATE_LIMITING)
        )
    ]
    explained = explain(
        a_request(credentials("c1", "secret")), api("7", chain, [contract("c1")]), 5
    )
    assert isinstance(explained.decision, Allowed)
    assert explained.decision.identity is not None
    assert said(explained) == ["passed"] * 4
    assert not explained.depends
    effects = [[type(e.effect).__name__ for e in step.effects] for step in explained.steps]
    assert effects == [["Log"], [], ["Throttle"], ["Charge"]]


def test_a_denial_ends_the_evaluation() -> None:
    """The policies after it are not reached, and the reason is the one that a Check gives."""
    chain = [replace(CLIENT_ID_ENFORCEMENT, order=1), replace(RATE_LIMITING, order=2)]
    explained = explain(a_request(credentials("c1", "wrong")), api("7", chain, [contract("c1")]), 5)
    assert said(explained) == ["denied", "not_reached"]
    assert isinstance(explained.decision, Denied)
    assert explained.steps[0].conclusion == explained.decision.deny
    assert explained.decision.deny.detail == "wrong client secret"


@pytest.mark.parametrize(
    ("path", "expected", "where"),
    [("/admin", ["denied", "not_reached"], ADMIN[0]), ("/orders", ["skipped", "passed"], None)],
)
def test_pointcuts(path: str, expected: list[str], where: Pointcut | None) -> None:
    """A policy that does not apply is skipped; otherwise the pointcut that matches is named."""
    open_to_all = applied("message-logging", MESSAGE_LOGGING.configuration, order=2)
    asked = api("7", [BLOCKED_ADMIN, open_to_all])
    explained = explain(a_request(path=path), asked, 5)
    assert said(explained) == expected
    assert explained.steps[0].pointcut == where
    assert asked.matches.of(0) == (0,)


def test_where_no_policy_applies_the_request_passes() -> None:
    """Even if none was asked."""
    explained = explain(a_request(path="/orders"), api("7", [BLOCKED_ADMIN]), 5)
    assert isinstance(explained.decision, Allowed)
    assert said(explained) == ["skipped"]


@pytest.mark.parametrize(
    ("asked", "path", "reason"),
    [
        (api("7", [BLOCKED_ADMIN]), "/a%40", DenyReason.AMBIGUOUS_PATH),
        (api("7", [BLOCKED_ADMIN, applied("x")]), "/", DenyReason.API_CLOSED),
    ],
    ids=["path", "closed"],
)
def test_an_obstacle_comes_before_all_policies(asked: Api, path: str, reason: DenyReason) -> None:
    """No policy is asked, and no pattern is matched."""
    explained = explain(a_request(path=path), asked, 5)
    assert isinstance(explained.decision, Denied)
    assert explained.decision.deny.reason is reason
    assert said(explained) == ["not_reached"]


def test_a_preflight_is_answered() -> None:
    """That is no refusal."""
    headers = {"origin": "https://a.test", "access-control-request-method": "GET"}
    explained = explain(a_request(headers, method="OPTIONS"), api("7", [applied("cors")]), 5)
    assert isinstance(explained.decision, Answered)
    assert said(explained) == ["answered"]


LDAP = applied(
    "ldap-authentication",
    {
        "ldapServerURL": "ldaps://ldap.test",
        "ldapServerUserDn": "cn=admin",
        "ldapServerUserPassword": "x",
        "ldapSearchBase": "dc=test",
        "ldapSearchFilter": "(uid={0})",
    },
)


@pytest.mark.parametrize(
    ("policy", "request_", "kind"),
    [
        (JWT, a_request(BEARER), VerifyToken),
        (INTROSPECTION, a_request(BEARER), Introspect),
        (LDAP, a_request({"authorization": "Basic dTpw"}), Authenticate),
    ],
    ids=["jwt", "introspection", "ldap"],
)
def test_what_others_would_have_to_say_is_not_asked(
    policy: AppliedPolicy, request_: RequestAttributes, kind: type[Effect]
) -> None:
    """The rest assumes that the policy passes, and the explanation says so."""
    chain = [replace(policy, order=1), replace(RATE_LIMITING, order=2)]
    explained = explain(request_, api("7", chain), 5)
    assert said(explained) == ["depends", "passed"]
    assert explained.depends
    assert isinstance(explained.decision, Allowed)
    assert [type(each.effect) for each in explained.steps[0].effects] == [kind]


def test_what_is_known_counts() -> None:
    """A token that this process can verify, and a quota that is used up."""

    def known(effect: Effect) -> Outcome | None:
        return VerifiedToken({"sub": "u"}) if isinstance(effect, VerifyToken) else None

    verified = explain(a_request(BEARER), api("7", [JWT]), 5, known)
    assert said(verified) == ["passed"]

    def used_up(effect: Effect) -> Outcome | None:
        assert isinstance(effect, Charge)
        return QuotaState(admitted=False, remaining=(0,), reset_ms=(1,))

    refused = explain(a_request(), api("7", [RATE_LIMITING]), 5, used_up)
    assert said(refused) == [Said.DENIED]
    assert isinstance(refused.decision, Denied)
    assert refused.decision.deny.reason is DenyReason.QUOTA_EXCEEDED


def test_figures_of_a_quota_that_nobody_used() -> None:
    """The client would be told about the first request of a fresh window."""
    exposed = applied("rate-limiting", {**RATE_LIMITING.configuration, "exposeHeaders": True})
    gateway = Gateway(exposed)
    explained = explain(a_request(), gateway.api, 1)
    assert explained.decision == gateway.ask(a_request())
