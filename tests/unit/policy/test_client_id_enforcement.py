"""client-id-enforcement, as its page in docs/policies says."""

import base64
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.contracts.contract import Contract
from adapter.policy.decision import Denied
from adapter.policy.policies.client_id_enforcement import compile_client_id_enforcement
from adapter.policy.verdicts import DenyReason, Identity
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation, credentials

SECRET_ASKED = {
    "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
    "clientIdExpression": "#[attributes.headers['client_id']]",
    "clientSecretExpression": "#[attributes.headers['client_secret']]",
}
BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}
MISSING = (DenyReason.CREDENTIALS_MISSING, 401)
INVALID = (DenyReason.CREDENTIALS_INVALID, 401)


def gateway(configuration: Mapping[str, Any], *contracts: Contract) -> Gateway:
    """An API with this one policy; by default `c1` has a contract."""
    policy: AppliedPolicy = applied("client-id-enforcement", configuration)
    return Gateway(policy, contracts=contracts or (contract("c1", name="App"),))


def basic(text: str | bytes, scheme: str = "Basic") -> dict[str, str]:
    """An Authorization header."""
    octets = text.encode() if isinstance(text, str) else text
    return {"authorization": f"{scheme} {base64.b64encode(octets).decode()}"}


def test_without_credentials_the_client_is_told_as_the_vendor_does() -> None:
    """Clients written for the vendor's gateway understand ours."""
    denied = gateway({}).denies(a_request(), *MISSING)
    assert denied.deny.message == "Client ID is not present"
    assert denied.deny.headers == (("www-authenticate", "Client-ID-Enforcement"),)


HEADER_FOUND_EMPTY = "the policy reads the {} from the header {}, and the request has none"
EXPRESSION_FOUND_NOTHING = (
    "the policy reads the client id with an expression, which finds none in the request"
)


@pytest.mark.parametrize(
    ("configuration", "detail"),
    [
        ({}, HEADER_FOUND_EMPTY.format("client id", "client_id")),
        ({"idHeader": "x-id"}, HEADER_FOUND_EMPTY.format("client id", "x-id")),
        (
            {
                "clientIdExpression": "#[attributes.queryParams['id']]",
                "clientSecretExpression": "#[attributes.headers['client_secret']]",
            },
            EXPRESSION_FOUND_NOTHING,
        ),
        (
            BASIC,
            "the policy reads client id and secret from the header authorization (Basic), and the "
            "request has none there",
        ),
    ],
)
def test_operators_learn_where_the_policy_looks(
    configuration: Mapping[str, Any], detail: str
) -> None:
    """A client that sends its credentials elsewhere gets the same answer as one without any."""
    elsewhere = a_request({"id": "c1", "secret": "secret"})
    assert gateway(configuration).denies(elsewhere, *MISSING).deny.detail == detail


def test_operators_learn_where_the_policy_looks_for_the_secret() -> None:
    """The client id alone has arrived."""
    denied = gateway(SECRET_ASKED).denies(a_request(credentials("c1")), *MISSING)
    assert denied.deny.detail == HEADER_FOUND_EMPTY.format("secret", "client_secret")


def test_an_approved_contract_gives_access_and_identity() -> None:
    """The upstream and the analytics learn who called."""
    allowed = gateway(SECRET_ASKED).allows(a_request(credentials("c1", "secret")))
    assert allowed.identity == Identity("c1", "App", "contract-of-c1")


def test_by_default_an_id_alone_will_do() -> None:
    """A blank secret expression asks for no secret; the header is `client_id`."""
    gateway({"clientSecretExpression": ""}).allows(a_request(credentials("c1")))


def test_unknown_client_and_wrong_secret_look_the_same() -> None:
    """An attacker cannot find out which client ids exist; an operator can."""
    asked = gateway(SECRET_ASKED)
    unknown = asked.denies(a_request(credentials("nobody", "secret")), *INVALID).deny
    wrong = asked.denies(a_request(credentials("c1", "wrong")), *INVALID).deny
    assert unknown.detail != wrong.detail
    assert replace(unknown, detail="") == replace(wrong, detail="")


def test_unknown_client_and_wrong_secret_cost_the_same() -> None:
    """As much is hashed for a client that does not exist as for one that does."""
    wrong = "x" * 1_000_000
    asked = gateway(SECRET_ASKED)
    for client_id in ("c1", "nobody"):
        request = a_request(credentials(client_id, wrong))
        tracemalloc.start()
        asked.denies(request, *INVALID)
        _, most_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert most_bytes > len(wrong)  # the secret with the salt, for SHA-256


def test_a_missing_secret_is_said_to_be_missing() -> None:
    """A missing secret gets a different answer from a wrong one, for every client."""
    asked = gateway(SECRET_ASKED)
    known, unknown = (asked.denies(a_request(credentials(c)), *MISSING) for c in ("c1", "nobody"))
    assert known.deny == unknown.deny


def test_a_contract_without_a_secret_matches_no_secret() -> None:
    """Where the platform gave no secret, no guess is the right one."""
    bare = Contract("k1", "c1", "App")
    asked = gateway(SECRET_ASKED, bare)
    asked.denies(a_request(credentials("c1", "secret")), *INVALID)


def test_a_repeated_client_id_header_matches_nothing() -> None:
    """Which of two ids counts is not ours to guess, not even for a contract with a comma."""
    twins = gateway({}, contract("c1"), contract("c1,c1"))
    twins.denies(a_request(credentials("c1,c1")), *INVALID)


def test_a_contract_that_cannot_be_honoured_is_closed_alone() -> None:
    """One bad contract does not hold back the others, and its client hears the truth."""
    bad = contract("c2").closed("its secret has an unknown form")
    asked = gateway(SECRET_ASKED, contract("c1"), bad)
    denied = asked.denies(a_request(credentials("c2", "secret")), DenyReason.CONTRACT_CLOSED, 503)
    assert denied.deny.detail == "its secret has an unknown form"
    asked.allows(a_request(credentials("c1", "secret")))


def test_a_contract_whose_secret_is_unreadable_is_closed_for_every_secret() -> None:
    """The fault says why there is no secret, so the client is not told that its own is wrong."""
    closed = Contract("k1", "acme", fault="its secret has no known form")
    decision = gateway(SECRET_ASKED, closed).denies(
        a_request(credentials("acme", "secret")), DenyReason.CONTRACT_CLOSED, 503
    )
    assert decision.deny.detail == "its secret has no known form"


def test_a_wrong_secret_is_refused_before_a_fault_is_told() -> None:
    """Only who knows the secret learns that the contract is closed."""
    bad = contract("c2").closed("its SLA tier 9 is unknown")
    gateway(SECRET_ASKED, bad).denies(a_request(credentials("c2", "wrong")), *INVALID)


def test_custom_expressions_are_evaluated() -> None:
    """Credentials are found where the admin says they are."""
    asked = gateway(
        {
            "clientIdExpression": "#[attributes.queryParams['id']]",
            "clientSecretExpression": "#[substringAfter(attributes.headers.auth, ' ')]",
        }
    )
    asked.allows(a_request({"auth": "Key secret"}, path="/?id=c1"))


def test_a_failing_expression_finds_no_credentials() -> None:
    """A request that lacks what the expression needs is a request without credentials."""
    asked = gateway({"clientIdExpression": "#[attributes.headers.a ++ attributes.headers.b]"})
    asked.denies(a_request({"a": "c"}), *MISSING)
    asked.allows(a_request({"a": "c", "b": "1"}))


def test_the_service_mesh_names_headers_instead() -> None:
    """Policies configured for the service mesh work as they are."""
    asked = gateway({"idHeader": "X-Id", "secretHeader": "X-Secret"})
    asked.allows(a_request({"x-id": "c1", "x-secret": "secret"}))
    asked.denies(a_request({"x-id": "c1", "x-secret": "wrong"}), *INVALID)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_basic_credentials_are_read(scheme: str) -> None:
    """HTTP basic authentication works, whatever the case of its name."""
    gateway(BASIC).allows(a_request(basic("c1:secret", scheme)))


def test_basic_secrets_may_have_colons_and_any_letters() -> None:
    """The first colon divides, and text is UTF-8 (RFC 7617)."""
    asked = gateway(BASIC, contract("c1", secret="pä:ss:wörd"))
    asked.allows(a_request(basic("c1:pä:ss:wörd")))


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer abc"}, basic(":secret")])
def test_without_basic_credentials_they_are_asked_for(headers: dict[str, str]) -> None:
    """A browser shows its log-in window."""
    denied = gateway(BASIC).denies(a_request(headers), *MISSING)
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


@pytest.mark.parametrize(
    "headers",
    [
        basic("c1"),
        basic("c1:"),
        basic("c1:wrong"),
        basic(b"c1:\xff\xfe"),
        basic("c1:sec\x00ret"),
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic YzE6c2VjcmV0,Basic YzE6c2VjcmV0"},
        {"authorization": "Basic YzE6c2VjcmV0 "},
        {"authorization": "Basic YzE6c2VjcmV"},
    ],
)
def test_malformed_and_wrong_basic_credentials_are_refused(headers: dict[str, str]) -> None:
    """Nothing but well-formed credentials that match is let in."""
    denied = gateway(BASIC).denies(a_request(headers), *INVALID)
    assert denied.deny.headers == (("www-authenticate", 'Basic realm="mule-realm"'),)


@pytest.mark.parametrize("header", [f"Basic {'QUFB' * 15_000}", f"Basic{' ' * 60_000}QTpC"])
def test_basic_credentials_as_long_as_a_request_are_malformed(header: str) -> None:
    """They cannot be right, and are not decoded."""
    denied = gateway(BASIC).denies(a_request({"authorization": header}), *INVALID)
    assert denied.deny.detail == "the credentials are malformed"


def test_control_characters_in_basic_credentials_are_refused() -> None:
    """Even where they would match (RFC 7617, 2)."""
    asked = gateway(BASIC, contract("c1", secret="sec\x00ret"))
    asked.denies(a_request(basic("c1:sec\x00ret")), *INVALID)


def test_revoking_a_contract_ends_access() -> None:
    """What the platform no longer lists opens nothing."""
    assert isinstance(
        Gateway(applied("client-id-enforcement")).ask(a_request(credentials("c1"))), Denied
    )


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({"credentialsOriginHasHttpBasicAuthenticationHeader": "cookie"}, "customExpression"),
        ({"clientIdExpression": "#[payload.id]"}, "unsupported name 'payload'"),
        ({"secretHeader": "x-secret"}, "secretHeader: needs idHeader"),
        (
            {"idHeader": "x", "clientIdExpression": "#[attributes.headers.x]"},
            "idHeader: cannot be set together with expressions",
        ),
        ({"idHeader": "x']]"}, "idHeader"),
        ({"clientSecretExpression": "hunter2"}, "clientSecretExpression: must be an expression"),
        ({"requireMfa": True}, "requireMfa: this setting is not supported"),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_why(
    configuration: Mapping[str, Any], complaint: str
) -> None:
    """The admin reads the name of the setting and the fix."""
    (fault,) = gateway(configuration).api.faults
    assert complaint in fault
    assert "hunter2" not in fault


@pytest.mark.parametrize(
    "left_over",
    [
        {"clientIdExpression": "#[payload.id]", "clientSecretExpression": "hunter2"},
        {"idHeader": "x']]", "secretHeader": "é"},
        {"secretHeader": "x-secret"},
        {"idHeader": "x", "clientIdExpression": "#[attributes.headers.x]"},
    ],
)
def test_what_basic_authentication_leaves_unused_closes_nothing(
    left_over: Mapping[str, Any],
) -> None:
    """An admin who changed the place of the credentials left the old one behind."""
    asked = gateway({**BASIC, **left_over}, contract("c1"))
    asked.allows(a_request(basic("c1:secret")))
    asked.denies(a_request(credentials("c1", "secret")), *MISSING)


def test_a_user_that_an_earlier_policy_found_stays() -> None:
    """The upstream learns of the user and of the application."""
    rule = compile_client_id_enforcement({})
    evaluation = an_evaluation(
        a_request(credentials("c1")),
        identity=Identity("", principal="alice"),
        contracts=[contract("c1")],
    )
    verdict = rule.evaluate(evaluation)
    assert verdict == Identity("c1", "c1", "contract-of-c1", principal="alice")
