"""oauth2-token-introspection and openidconnect-access-token-enforcement."""

from typing import Any, Final

import pytest

from adapter.errors import PolicyError
from adapter.policy.compile import POLICY_TYPES
from adapter.policy.decision import Allowed, Denied
from adapter.policy.effects.token import Introspect, UnusableAnswer, VerifiedToken
from adapter.policy.evaluation import Evaluation
from adapter.policy.verdicts import DenyReason
from tests.builders import applied, contract
from tests.unit.policy.gateway import (
    Gateway,
    a_request,
    an_evaluation,
    credentials,
    removed_headers,
    set_headers,
)

OAUTH: Final = "oauth2-token-introspection"
OPENID: Final = "openidconnect-access-token-enforcement"
PROVIDER: Final[dict[str, Any]] = {
    "introspectionURL": "https://idp.test/introspect",
    "authorizationValue": "Basic Z2F0ZXdheTpzZWNyZXQ=",
}
CLAIMS: Final[dict[str, Any]] = {
    "active": True,
    "client_id": "c1",
    "username": "alice",
    "scope": "read write",
    "exp": 2_000_000_000,
}
TYPES = pytest.mark.parametrize("policy_type", [OAUTH, OPENID])


def a_gateway(
    policy_type: str = OAUTH, configuration: dict[str, Any] | None = None, **claims: Any
) -> Gateway:
    """A gateway whose provider knows the token `good`."""
    policy = applied(policy_type, PROVIDER | (configuration or {}))
    gateway = Gateway(policy, contracts=[contract("c1")])
    gateway.introspected["good"] = VerifiedToken(CLAIMS | claims)
    return gateway


def with_token(value: str = "good", /, **headers: str) -> Any:
    """A request with that token."""
    return a_request({"authorization": f"Bearer {value}", **headers})


def _header(denied: Denied) -> str:
    return dict(denied.deny.headers)["www-authenticate"]


@TYPES
def test_an_active_token_of_a_client_with_a_contract_passes(policy_type: str) -> None:
    """The client application and the user are known afterwards."""
    allowed = a_gateway(policy_type).allows(with_token())
    assert allowed.identity is not None
    assert (allowed.identity.client_id, allowed.identity.principal) == ("c1", "alice")


@TYPES
@pytest.mark.parametrize("value", [None, "", "Bearer", "Bearer ", "Basic YTpi", "good"])
def test_without_a_token_the_answer_is_400(policy_type: str, value: str | None) -> None:
    """As the vendor documents."""
    request = a_request({} if value is None else {"authorization": value})
    denied = a_gateway(policy_type).denies(request, DenyReason.TOKEN_MISSING, 400)
    assert _header(denied) == "Bearer"


@pytest.mark.parametrize(
    "token", ["a b", "a,b", "a=b", "\u00e9", "a\tb", "a" * 16_385], ids=range(6)
)
def test_what_cannot_be_a_token_is_refused_without_asking(token: str) -> None:
    """Nobody can make the provider stumble over strange octets."""
    gateway = a_gateway()
    gateway.introspected[token] = VerifiedToken(CLAIMS)
    gateway.denies(with_token(token), DenyReason.TOKEN_INVALID, 401)


@TYPES
def test_a_token_that_is_not_active_is_refused(policy_type: str) -> None:
    """RFC 6750, section 3.1."""
    denied = a_gateway(policy_type).denies(with_token("bad"), DenyReason.TOKEN_INVALID, 401)
    assert _header(denied) == 'Bearer error="invalid_token"'


@TYPES
def test_an_unusable_answer_is_an_internal_error(policy_type: str) -> None:
    """As the vendor documents. Operators see why, clients do not."""
    gateway = a_gateway(policy_type)
    gateway.introspected["good"] = UnusableAnswer("it is not JSON")
    denied = gateway.denies(with_token(), DenyReason.PROVIDER_FAILED, 500)
    assert denied.deny.detail == "it is not JSON"
    assert "JSON" not in denied.deny.message


@pytest.mark.parametrize(
    ("criteria", "granted", "passes"),
    [
        ("AND", "read write admin", True),
        ("AND", "read", False),
        ("AND", ["read", "write"], True),
        ("AND", ["read", 1], False),
        ("AND", "readwrite", False),
        ("AND", "READ WRITE", False),
        ("AND", None, False),
        ("OR", "read", True),
        ("OR", "admin write", True),
        ("OR", "admin", False),
        ("OR", "", False),
        ("OR", {"read": 1}, False),
    ],
    ids=range(12),
)
def test_scopes_decide(criteria: str, granted: Any, passes: bool) -> None:
    """All of them, or one of them."""
    wanted = {"scopes": "read  write", "scopeValidationCriteria": criteria}
    decision = a_gateway(OAUTH, wanted, scope=granted).ask(with_token())
    if passes:
        assert isinstance(decision, Allowed)
        return
    assert isinstance(decision, Denied)
    assert (decision.deny.reason, decision.deny.status) == (DenyReason.SCOPE_MISSING, 403)
    assert _header(decision) == 'Bearer error="insufficient_scope", scope="read write"'


@TYPES
@pytest.mark.parametrize("client_id", ["unknown", "", None, 7, ["c1"], "c1,c1"], ids=range(6))
def test_a_client_without_a_contract_is_refused(policy_type: str, client_id: Any) -> None:
    """A token alone is not enough."""
    gateway = a_gateway(policy_type, client_id=client_id)
    gateway.denies(with_token(), DenyReason.CREDENTIALS_INVALID, 403)


def test_another_client_than_an_earlier_policy_identified_is_refused() -> None:
    """One application must not act as another."""
    policies = applied("client-id-enforcement", order=1), applied(OAUTH, PROVIDER, order=2)
    gateway = Gateway(*policies, contracts=[contract("c1"), contract("c2")])
    gateway.introspected["good"] = VerifiedToken(CLAIMS)
    gateway.allows(with_token(**credentials("c1")))
    gateway.denies(with_token(**credentials("c2")), DenyReason.CREDENTIALS_INVALID, 403)


def test_the_user_name_can_be_the_client_id() -> None:
    """Some providers say there which application calls."""
    gateway = a_gateway(OAUTH, {"consumerBy": "username"}, client_id="x", username="c1")
    gateway.allows(with_token())


@TYPES
def test_contracts_need_not_be_checked(policy_type: str) -> None:
    """Then the token's user is the identity."""
    gateway = a_gateway(policy_type, {"skipClientIdValidation": True}, client_id="unknown")
    identity = gateway.allows(with_token()).identity
    assert identity is not None
    assert (identity.client_id, identity.principal) == ("", "alice")


@pytest.mark.parametrize("name", ["a\r\nb", " alice", "", 7, None], ids=range(5))
def test_a_user_whose_name_cannot_be_a_header_stays_unknown(name: Any) -> None:
    """The client application is still known."""
    identity = a_gateway(username=name).allows(with_token()).identity
    assert identity is not None
    assert (identity.client_id, identity.principal) == ("c1", "")


@TYPES
def test_fields_of_the_answer_become_headers(policy_type: str) -> None:
    """Texts, numbers and booleans; neither scope nor exp nor what has parts."""
    fields = {"level": 7, "vip": False, "roles": ["a"], "more": {"a": 1}, "none": None}
    gateway = a_gateway(policy_type, {"exposeHeaders": True}, **fields)
    assert dict(set_headers(gateway.allows(with_token()))) == {
        "x-agw-active": "true",
        "x-agw-client_id": "c1",
        "x-agw-username": "alice",
        "x-agw-level": "7",
        "x-agw-vip": "false",
    }


def test_fields_that_could_mislead_the_upstream_are_left_out() -> None:
    """Line ends, two fields for one header, and texts that are too long."""
    fields = {
        "a": "x\r\ny",
        "b.c": "1",
        "b_c": "2",
        "Role": "3",
        "\u00e4": "4",
        "long": "a" * 5_000,
    }
    gateway = a_gateway(OAUTH, {"exposeHeaders": True}, **fields)
    names = {name for name, _ in set_headers(gateway.allows(with_token()))}
    assert names == {"x-agw-active", "x-agw-client_id", "x-agw-username", "x-agw-role"}


def test_nobody_can_forge_the_headers() -> None:
    """Whatever the spelling."""
    forged = {"x-agw-sub": "a", "x_agw_username": "b", "x.agw.role": "c", "x-agww": "d"}
    allowed = a_gateway(OAUTH, {"exposeHeaders": True}).allows(with_token(**forged))
    assert set(removed_headers(allowed)) == {"x-agw-sub", "x_agw_username", "x.agw.role"}


@TYPES
@pytest.mark.parametrize(
    ("configuration", "fault"),
    [
        ({"introspectionURL": "ftp://idp.test"}, "introspectionURL"),
        ({"authorizationValue": "a\r\nb"}, "authorizationValue"),
        ({"scopes": 'read "all"'}, "scopes"),
        ({"scopes": "a", "scopeValidationCriteria": "XOR"}, "scopeValidationCriteria"),
        ({"authenticationTimeout": 0}, "authenticationTimeout"),
        ({"authenticationTimeout": True}, "authenticationTimeout"),
        ({"unknown": 1}, "unknown"),
    ],
    ids=range(7),
)
def test_what_cannot_be_enforced_closes_the_api(
    policy_type: str, configuration: dict[str, Any], fault: str
) -> None:
    """The message names the setting."""
    with pytest.raises(PolicyError, match=fault) as raised:
        POLICY_TYPES[policy_type](PROVIDER | configuration)
    assert "Z2F0ZXdheTpzZWNyZXQ" not in str(raised.value)


@pytest.mark.parametrize("missing", PROVIDER)
def test_half_a_provider_closes_the_api(missing: str) -> None:
    """A provider needs a URL and credentials."""
    half = {name: value for name, value in PROVIDER.items() if name != missing}
    for policy_type in (OAUTH, OPENID):
        with pytest.raises(PolicyError, match=r"introspectionURL|authorizationValue"):
            POLICY_TYPES[policy_type](half)


@pytest.mark.parametrize(
    ("policy_type", "configuration", "expected"),
    [
        (OAUTH, {}, (10, 600, 600, 1_000)),
        (OAUTH, {"validatedTokenTTL": 5, "maxCacheEntries": 0}, (10, 5, 5, 0)),
        (OPENID, {}, (10, float("inf"), 0, 1_000)),
        (OPENID, {"maxFederationExpirationTime": 30, "maxCacheSize": 7}, (10, 30, 0, 7)),
        (OPENID, {"authenticationTimeout": 250}, (0.25, float("inf"), 0, 1_000)),
    ],
    ids=range(5),
)
def test_times_and_sizes_reach_the_source(
    policy_type: str, configuration: dict[str, Any], expected: tuple[float, ...]
) -> None:
    """With the platform's defaults and units."""
    rule = POLICY_TYPES[policy_type](PROVIDER | configuration)
    evaluation: Evaluation = an_evaluation(with_token())
    effect = rule.evaluate(evaluation)
    assert isinstance(effect, Introspect)
    source = effect.source
    assert rule.needs == (source,)
    assert (
        source.timeout_s,
        source.longest_s,
        source.without_exp_s,
        source.max_remembered,
    ) == expected
    assert "good" not in repr(effect)
