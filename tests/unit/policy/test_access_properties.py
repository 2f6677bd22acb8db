"""What holds for every configuration: access never widens by accident, and nothing raises."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.catalog import AppliedPolicy, Pointcut, RateLimit, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.decision import Allowed, Answered, Denied
from adapter.policy.effects.token import VerifiedToken
from adapter.policy.request.attributes import RequestAttributes
from support.dpop_client import DpopClient
from support.token_issuer import TokenIssuer
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials

CLIENTS = ("c1", "c2", "c3")
TIERS = (SlaTier("t1", "One", (RateLimit(1, 1_000),)), SlaTier("t2", "Two", (RateLimit(2, 1_000),)))
LIMIT = {"rateLimits": [{"maximumRequests": 2, "timePeriodInMilliseconds": 1_000}]}
HEADER = {"inboundHeaders": [{"key": "x-id", "value": "#[authentication.clientId default 'none']"}]}
BASIC = {"credentialsOriginHasHttpBasicAuthenticationHeader": "httpBasicAuthenticationHeader"}
GROUP = {
    "origins": ["https://a.test"],
    "allowedMethods": [{"methodName": "GET", "isAllowed": True}],
}
DIRECTORY = {
    "ldapServerUserDn": "cn=adapter",
    "ldapServerUserPassword": "x",
    "ldapSearchBase": "dc=test",
}
MESSAGE = {"message": "#[attributes.headers.x ++ authentication.clientId]", "level": "INFO"}
ISSUER = TokenIssuer("HS256", key=b"s" * 32)
TOKENS = {"signingMethod": "hmac", "textKey": "s" * 32}
FETCHED = {"jwksUrl": "https://issuer.test/keys", "skipClientIdValidation": True}
PROVIDER = {
    "introspectionURL": "https://idp.test/introspect",
    "authorizationValue": "Basic x",
    "exposeHeaders": True,
}
SCOPED = PROVIDER | {"scopes": "read write", "scopeValidationCriteria": "OR"}
SECRET = {"clientSecretExpression": "#[attributes.headers['client_secret']]"}


def _several(*choices: AppliedPolicy) -> st.SearchStrategy[list[AppliedPolicy]]:
    return st.lists(st.sampled_from(choices), max_size=5, unique_by=lambda p: p.policy_type)


POLICIES = _several(
    applied("client-id-enforcement", SECRET),
    applied("client-id-enforcement", {}),
    applied("client-id-enforcement", BASIC),
    applied("rate-limiting", LIMIT),
    applied("rate-limiting", LIMIT | {"keySelector": "#[attributes.headers['x'] ++ 'k']"}),
    applied("rate-limiting-sla-based", {"exposeHeaders": True}),
    applied("ip-allowlist", {"ips": ["192.0.2", "2001:db8::/32"]}),
    applied("header-injection", HEADER),
    applied("header-removal", {"inboundHeaders": ["x-.*"]}),
    applied("spike-control", {"maximumRequests": 3, "exposeHeaders": True}),
    applied("cors", {"publicResource": False, "originGroups": [GROUP]}),
    applied("cors"),
    applied("message-logging", {"loggingConfiguration": [{"itemData": MESSAGE}]}),
    applied("credential-injection-basic-auth", {"username": "u", "overwrite": False}),
    applied("http-basic-authentication", {"username": "c1", "password": "secret"}),
    applied("ldap-authentication", DIRECTORY),
    applied("access-block", pointcuts=(Pointcut("GET", "/a.*"),)),
    applied("jwt-validation", TOKENS),
    applied("jwt-validation", FETCHED),
    applied("jwt-validation", TOKENS | {"senderConstraint": "any"}),
    applied(
        "client-id-enforcement", {"clientIdExpression": "#[attributes.clientCertificate.subject]"}
    ),
    applied("oauth2-token-introspection", PROVIDER),
    applied("oauth2-token-introspection", SCOPED | {"skipClientIdValidation": True}),
    applied("openidconnect-access-token-enforcement", SCOPED),
    applied("oauth2-token-introspection", PROVIDER | {"senderConstraint": "any"}),
)

PROVER = DpopClient()
BOUND = ISSUER.token({"client_id": "c1", "cnf": dict(PROVER.confirmation)})

REQUESTS = st.builds(
    a_request,
    st.dictionaries(
        st.sampled_from(
            [
                "client_id",
                "client_secret",
                "authorization",
                "dpop",
                "x",
                "x-id",
                "content-type",
                "origin",
                "access-control-request-method",
                "access-control-request-headers",
            ]
        ),
        st.sampled_from([*CLIENTS, "secret", "Basic YzE6c2VjcmV0", "https://a.test", "", "\r\n"])
        | st.sampled_from(CLIENTS).map(lambda c: f"Bearer {ISSUER.token({'client_id': c})}")
        | st.sampled_from(CLIENTS).map(lambda c: f"Bearer {c}")
        | st.sampled_from([f"DPoP {BOUND}", PROVER.proof("GET", "https://api.test/", BOUND)])
        | st.text(),
    ),
    path=st.sampled_from(["/", "/a?b=c", "/a/../b", "*", ""]) | st.text(),
    method=st.sampled_from(["GET", "OPTIONS", "", "\x00"]),
    principal=st.sampled_from(["", "c1"]),
    certificate=st.sampled_from(["", "nonsense"]) | st.text(),
    client_address=st.sampled_from(["192.0.2.1", "2001:db8::1", "198.51.100.1", "nonsense", None]),
)


def _gateway(policies: list[AppliedPolicy], contracts: list[Contract]) -> Gateway:
    """A gateway whose LDAP server knows one user, and whose identity provider knows all clients."""
    gateway = Gateway(*policies, contracts=contracts, tiers=TIERS)
    gateway.passwords["c1"] = "secret"
    for client in CLIENTS:
        claims = {"client_id": client, "scope": "read", "level": 7}
        gateway.introspected[client] = VerifiedToken(claims)
    return gateway


def _allowed(policies: list[AppliedPolicy], clients: Any, requests: list[RequestAttributes]) -> int:
    """How many of the requests, one after the other, pass."""
    contracts = [contract(c, tier_id="t1" if c == "c1" else "t2") for c in clients]
    gateway = _gateway(policies, contracts)
    return sum(isinstance(gateway.ask(request), Allowed) for request in requests)


@given(POLICIES, st.lists(REQUESTS, max_size=4))
def test_every_request_gets_a_decision(
    policies: list[AppliedPolicy], requests: list[RequestAttributes]
) -> None:
    """Nothing that a client sends makes the evaluation raise."""
    gateway = _gateway(policies, [contract("c1", tier_id="t1")])
    for request in requests:
        assert isinstance(gateway.ask(request), Allowed | Denied | Answered)


@given(POLICIES, st.sets(st.sampled_from(CLIENTS)), st.sampled_from(CLIENTS), REQUESTS)
def test_revoking_a_contract_never_widens_access(
    policies: list[AppliedPolicy], clients: set[str], revoked: str, request: RequestAttributes
) -> None:
    """Who was refused before is refused after it."""
    before = _allowed(policies, sorted(clients | {revoked}), [request])
    assert _allowed(policies, sorted(clients - {revoked}), [request]) <= before


@given(POLICIES, REQUESTS, st.sampled_from(["192.0.2.1", "0.0.0.0/0", "::/0", "203.0.113"]))
def test_adding_a_blocklist_never_widens_access(
    policies: list[AppliedPolicy], request: RequestAttributes, listed: str
) -> None:
    """A rule that denies only takes away."""
    block = applied("ip-blocklist", {"ips": [listed]})
    assert _allowed([*policies, block], CLIENTS, [request]) <= _allowed(
        policies, CLIENTS, [request]
    )


@given(st.lists(st.sampled_from(CLIENTS), max_size=12), st.integers(1, 5), st.integers(0, 5))
def test_a_better_tier_admits_at_least_as_much(callers: list[str], maximum: int, more: int) -> None:
    """Raising a tier's limit never costs a request."""

    def admitted(most: int) -> int:
        tier = SlaTier("t", "T", (RateLimit(most, 1_000),))
        gateway = Gateway(
            applied("rate-limiting-sla-based"),
            contracts=[contract(c, tier_id="t") for c in CLIENTS],
            tiers=(tier,),
        )
        return sum(isinstance(gateway.ask(a_request(credentials(c))), Allowed) for c in callers)

    assert admitted(maximum) <= admitted(maximum + more)


INDEPENDENT = st.lists(
    st.sampled_from(
        [
            applied("ip-allowlist", {"ips": ["192.0.2", "2001:db8::/32"]}),
            applied("ip-blocklist", {"ips": ["192.0.2.1"]}),
            applied("client-id-enforcement", SECRET),
            applied("rate-limiting", LIMIT),
            applied("rate-limiting-sla-based", {"exposeHeaders": True} | SECRET),
            applied("spike-control", {"maximumRequests": 2}),
            applied("access-block", pointcuts=(Pointcut("GET", "/a.*"),)),
            applied("header-injection", HEADER),
            applied("message-logging", {"loggingConfiguration": [{"itemData": MESSAGE}]}),
            applied("cors", {"publicResource": False, "originGroups": [GROUP]}),
            applied("http-basic-authentication", {"username": "c1", "password": "secret"}),
            applied("ldap-authentication", DIRECTORY),
        ]
    ),
    max_size=6,
    unique_by=lambda policy: policy.policy_type,
)


@given(INDEPENDENT, st.randoms(use_true_random=False), REQUESTS)
def test_the_order_of_independent_policies_does_not_change_allow_or_deny(
    policies: list[AppliedPolicy], random: Random, request: RequestAttributes
) -> None:
    """Admins may reorder what does not build on each other: the first denial may be another one."""
    orders = list(range(len(policies)))
    random.shuffle(orders)
    shuffled = [replace(p, order=n) for p, n in zip(policies, orders, strict=True)]
    contracts = [contract(c, tier_id="t1") for c in CLIENTS]
    one, other = (
        Gateway(*chain, contracts=contracts, tiers=TIERS).ask(request)
        for chain in (policies, shuffled)
    )
    assert type(one) is type(other)
