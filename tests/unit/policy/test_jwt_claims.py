"""What jwt-validation requires of claims, and what becomes of them."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from adapter.policy.decision import Denied
from adapter.policy.verdicts import DenyReason
from support.token_issuer import TokenIssuer, public_pem
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, removed_headers, set_headers

ISSUER: Final = TokenIssuer("RS256")
KEY: Final[dict[str, Any]] = {"signingMethod": "rsa", "textKey": public_pem(ISSUER.key)}
CLAIMS: Final[dict[str, Any]] = {"sub": "ann", "client_id": "c1"}
INVALID: Final = (DenyReason.TOKEN_INVALID, 401)


def gateway(configuration: Mapping[str, Any]) -> Gateway:
    """An API with this policy; client `c1` has a contract."""
    policy = applied("jwt-validation", KEY | dict(configuration))
    return Gateway(policy, contracts=[contract("c1")])


def signed(**claims: Any) -> dict[str, str]:
    """The header with a good token that has these claims, too."""
    given = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return {"authorization": f"Bearer {ISSUER.token(given)}"}


def _claim(value: str) -> dict[str, str]:
    return {"key": "it", "value": value}


@pytest.mark.parametrize(
    ("audience", "allowed"),
    [
        ("orders", True),
        (["x", "orders"], True),
        (["a,b"], False),
        ("Orders", False),
        ([], False),
        (["orders", 7], False),
        (7, False),
        ({"orders": 1}, False),
        (None, True),
    ],
)
def test_the_audience(audience: Any, allowed: bool) -> None:
    """One of the supported ones (RFC 7519, 4.1.3)."""
    subject = gateway({"validateAudClaim": True, "supportedAudiences": "billing, orders ,"})
    decision = subject.ask(a_request(signed(aud=audience)))
    assert isinstance(decision, Denied) is not allowed


def test_a_mandatory_audience() -> None:
    """Then a token for nobody in particular is refused."""
    wanted = {"validateAudClaim": True, "supportedAudiences": "a", "mandatoryAudClaim": True}
    gateway(wanted).denies(a_request(signed()), *INVALID)


@pytest.mark.parametrize(
    ("value", "claim", "allowed"),
    [
        ("https://issuer.test", "https://issuer.test", True),
        ("https://issuer.test", "https://issuer.test/", False),
        ("5", 5, True),
        ("true", True, True),
        ("a", ["a"], False),
        ("#['a']", "a", True),
        ("#['a']", "b", False),
        ("#[true]", True, True),
        ("#[true]", False, False),
        ("#[vars.claimSet.it contains 'admin']", ["user", "admin"], True),
        ("#[vars.claimSet.it contains 'admin']", ["user"], False),
        ("#[vars.claimSet.it == true]", False, False),
        ("#[vars.claimSet.it >= 18]", 18, True),
        ("#[vars.claimSet.it >= 18]", "many", False),
        ("#[attributes.headers['x-tenant']]", "t1", True),
        ("#[attributes.headers['x-tenant']]", "t2", False),
    ],
)
def test_a_custom_claim(value: str, claim: Any, allowed: bool) -> None:
    """Text, a condition, or an expression for the value."""
    for kind in ("mandatory", "nonMandatory"):
        custom = {"validateCustomClaim": True, f"{kind}CustomClaims": [_claim(value)]}
        request = a_request(signed(it=claim) | {"x-tenant": "t1"})
        assert isinstance(gateway(custom).ask(request), Denied) is not allowed


def test_only_a_mandatory_claim_has_to_be_there() -> None:
    """Null counts as absent."""
    for claims in ({}, {"it": None}):
        token = {"authorization": f"Bearer {ISSUER.token(CLAIMS | claims)}"}
        custom: dict[str, Any] = {"validateCustomClaim": True}
        for value in ("a", "#['a']"):
            optional = custom | {"nonMandatoryCustomClaims": [_claim(value)]}
            gateway(optional).allows(a_request(token))
            mandatory = custom | {"mandatoryCustomClaims": [_claim(value)]}
            gateway(mandatory).denies(a_request(token), *INVALID)


@pytest.mark.parametrize("value", ["a", "#['a']"])
def test_a_claim_that_cannot_be_compared_is_refused(value: str) -> None:
    """Such as a number that no expression can hold."""
    payload = b'{"client_id":"c1","it":1e100000}'
    token = {"authorization": f"Bearer {ISSUER.token(payload)}"}
    custom = {"validateCustomClaim": True, "mandatoryCustomClaims": [_claim(value)]}
    denied = gateway(custom).denies(a_request(token), *INVALID)
    assert "cannot be compared" in denied.deny.detail


def test_claims_become_headers_that_clients_cannot_forge() -> None:
    """A client's header of the same name is removed, also if the token lacks the claim."""
    mapping = [
        {"claimName": "mail", "headerName": "X-Mail"},
        {"key": "roles", "value": "x-roles"},
        {"claimName": "age", "headerName": "x-age"},
    ]
    subject = gateway({"claimsToHeaders": mapping})
    sent = signed(mail="a@b.test", roles=["x", "y"]) | {"x-age": "99", "x-mail": "forged"}
    allowed = subject.allows(a_request(sent))
    assert dict(set_headers(allowed)) == {"x-mail": "a@b.test", "x-roles": "x,y"}
    assert removed_headers(allowed) == ("x-age",)


@pytest.mark.parametrize("claim", ["a\r\nx: y", ["a,b"], {"a": 1}, [[1]], "\x00"])
def test_a_claim_that_cannot_be_a_header_refuses_the_token(claim: Any) -> None:
    """The upstream would read something else than the issuer wrote."""
    mapping = [{"claimName": "it", "headerName": "x-it"}]
    gateway({"claimsToHeaders": mapping}).denies(a_request(signed(it=claim)), *INVALID)


def test_later_policies_read_the_claims() -> None:
    """By `vars.claimSet`."""
    header = {"key": "x-id", "value": "#[vars.claimSet.id]"}
    subject = Gateway(
        applied("jwt-validation", KEY, order=1),
        applied("header-injection", {"inboundHeaders": [header]}, order=2),
        contracts=[contract("c1")],
    )
    allowed = subject.allows(a_request(signed(id=12345678901234567890)))
    assert ("x-id", "12345678901234567890") in set_headers(allowed)
