"""Tokens that Envoy's `jwt_authn` filter has verified: believed only if it is about this token."""

import json
from decimal import Decimal
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.struct_pb2 import Struct
from hypothesis import given
from hypothesis import strategies as st

from adapter.ext_authz.check.jwt_payloads import NAMESPACE, jwt_payloads
from adapter.messages.check_pb2 import Metadata
from adapter.policy.effects.token import RefusedToken, TokenState, VerifiedToken
from adapter.policy.tokens.jwk import read_key_set
from adapter.policy.tokens.trust import TokenTrust
from support.defaults import token_verifier
from support.token_issuer import TokenIssuer, key_set
from tests.rig.clock import ManualClock
from tests.unit.identity.key_server import an_effect

NOW = 1_700_001_000
ISSUER = TokenIssuer("ES256")
OTHER = TokenIssuer("RS256")
"""The only one that the policy knows."""
TRUST = TokenTrust(read_key_set(key_set(OTHER.jwk)).keys, {"RS256"})
CLAIMS: dict[str, Any] = {"sub": "ann", "exp": NOW + 60, "roles": ["a", {"n": 1.25}], "x": None}


def as_envoy_says(claims: Any) -> Any:
    """The payload on its way through Envoy's metadata."""
    metadata = Metadata()
    metadata.filter_metadata[NAMESPACE].CopyFrom(ParseDict({"jwt": claims}, Struct()))
    return jwt_payloads(metadata.SerializeToString())["jwt"]


def found(token: str, payload: object) -> TokenState | None:
    """What the verifier says."""
    verifier = token_verifier(ManualClock(), clock_skew_s=0)
    return verifier.verified_by_envoy(an_effect(token, TRUST), payload)


def test_a_token_that_envoy_verified_is_not_verified_again() -> None:
    """Its issuer is one that the policy does not even know: Envoy's word counts."""
    state = found(ISSUER.token(CLAIMS), as_envoy_says(CLAIMS))
    assert isinstance(state, VerifiedToken)
    assert state.claims == CLAIMS | {"roles": ["a", {"n": Decimal("1.25")}]}


def test_the_claims_are_exact() -> None:
    """Envoy's metadata rounds large numbers. The token itself does not."""
    claims = CLAIMS | {"n": 2**53 + 1}
    state = found(ISSUER.token(claims), as_envoy_says(claims))
    assert isinstance(state, VerifiedToken)
    assert state.claims["n"] == 2**53 + 1


@pytest.mark.parametrize("change", [{"exp": NOW}, {"exp": NOW - 60}, {"nbf": NOW + 60}])
def test_times_are_checked_here_too(change: dict[str, Any]) -> None:
    """Envoy has a skew of its own."""
    claims = CLAIMS | change
    assert isinstance(found(ISSUER.token(claims), as_envoy_says(claims)), RefusedToken)


def test_what_the_policy_requires_of_claims_is_checked_here_too() -> None:
    """Envoy knows nothing about the policy's audiences."""
    trust = TokenTrust(TRUST.keys, TRUST.algorithms, [lambda claims: f"not for {claims['sub']}"])
    effect = an_effect(ISSUER.token(CLAIMS), trust)
    state = token_verifier(ManualClock()).verified_by_envoy(effect, as_envoy_says(CLAIMS))
    assert state == RefusedToken(f"not for {CLAIMS['sub']}")


@pytest.mark.parametrize(
    "payload",
    [
        None,
        "text",
        [],
        {},
        as_envoy_says(CLAIMS | {"sub": "bob"}),
        as_envoy_says(CLAIMS | {"y": 1}),
        as_envoy_says({k: v for k, v in CLAIMS.items() if k != "x"}),
        as_envoy_says(CLAIMS | {"roles": ["a"]}),
        as_envoy_says(CLAIMS | {"roles": ["a", {"n": 1.5}]}),
        as_envoy_says(CLAIMS | {"x": False}),
        as_envoy_says(CLAIMS | {"exp": str(NOW + 60)}),
    ],
    ids=range(11),
)
def test_another_payload_says_nothing_about_this_token(payload: object) -> None:
    """Envoy may have verified a token elsewhere in the request: this one is verified here."""
    assert found(ISSUER.token(CLAIMS), payload) is None


def test_a_number_beyond_all_floats_is_not_the_one_that_envoy_read() -> None:
    """Python cannot even compare it with a float by converting it."""
    token = ISSUER.token(json.dumps(CLAIMS | {"n": 10**400}).encode())
    assert found(token, as_envoy_says(CLAIMS | {"n": 1})) is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        ISSUER.token(b"[]"),
        ISSUER.token(CLAIMS, {"crit": ["x"]}),
        ISSUER.token(CLAIMS, {"alg": "none"}),
        ISSUER.token(CLAIMS, {"typ": "dpop+jwt"}),
        ISSUER.token(CLAIMS | {"exp": "soon"}),
        ISSUER.token(json.dumps(CLAIMS | {"big": 10**400}).encode()),
    ],
    ids=range(8),
)
def test_what_is_no_token_here_is_not_believed(token: str) -> None:
    """The same forms are refused as always."""
    assert found(token, as_envoy_says(CLAIMS)) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
claim_sets = st.dictionaries(st.text(min_size=4, max_size=5), json_values, max_size=4)


@given(claim_sets, claim_sets)
def test_envoys_word_counts_exactly_for_the_payload_of_the_token(
    claims: dict[str, Any], others: dict[str, Any]
) -> None:
    """Whatever is in it, after the rounding of numbers."""
    token = ISSUER.token(claims)
    assert isinstance(found(token, as_envoy_says(claims)), VerifiedToken)
    if as_envoy_says(claims) != as_envoy_says(others):
        assert found(token, as_envoy_says(others)) is None
