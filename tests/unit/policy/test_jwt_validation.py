"""jwt-validation, as its page in docs/policies says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from adapter.errors import PolicyError
from adapter.policy.decision import Denied
from adapter.policy.policies.jwt_validation import compile_jwt_validation
from adapter.policy.tokens.trust import JwksSource
from adapter.policy.verdicts import DenyReason, Identity
from support.token_issuer import TokenIssuer, public_pem
from tests.builders import applied, contract
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation

NOW: Final = 1_700_001_000
"""What the gateway's clock says."""
ISSUER: Final = TokenIssuer("RS256")
KEY: Final[dict[str, Any]] = {"signingMethod": "rsa", "textKey": public_pem(ISSUER.key)}
CLAIMS: Final[dict[str, Any]] = {"sub": "ann", "client_id": "c1", "exp": NOW + 60}
MISSING: Final = (DenyReason.TOKEN_MISSING, 400)
INVALID: Final = (DenyReason.TOKEN_INVALID, 401)
UNKNOWN: Final = (DenyReason.CREDENTIALS_INVALID, 401)


def gateway(configuration: Mapping[str, Any] | None = None) -> Gateway:
    """An API with this policy; client `c1` has a contract."""
    policy = applied("jwt-validation", KEY | dict(configuration or {}))
    return Gateway(policy, contracts=[contract("c1", name="App")])


def bearer(token: str) -> dict[str, str]:
    """The header of a request."""
    return {"authorization": f"Bearer {token}"}


def signed(**claims: Any) -> dict[str, str]:
    """The header with a good token with these claims; None leaves one out."""
    given = {name: value for name, value in (CLAIMS | claims).items() if value is not None}
    return bearer(ISSUER.token(given))


def compiled(**configuration: Any) -> Any:
    """The rule."""
    return compile_jwt_validation(KEY | configuration)


class TestTheToken:
    """Where it is, and what is wrong with it."""

    def test_a_good_token_of_a_client_with_a_contract_is_allowed(self) -> None:
        """The upstream and the analytics learn the client application and the user."""
        allowed = gateway().allows(a_request(signed()))
        assert allowed.identity == Identity("c1", "App", "contract-of-c1", principal="ann")

    @pytest.mark.parametrize("header", [None, "", "Basic YTpi", "Bearer", "Bearer ", "Bearerx"])
    def test_without_a_token_the_status_is_400(self, header: str | None) -> None:
        """As on the vendor's gateway."""
        headers = {} if header is None else {"authorization": header}
        denied = gateway().denies(a_request(headers), *MISSING)
        assert denied.deny.headers == (("www-authenticate", "Bearer"),)

    @pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
    def test_the_scheme_has_no_case(self, scheme: str) -> None:
        """RFC 9110, section 11.1."""
        gateway().allows(a_request({"authorization": scheme + ISSUER.token(CLAIMS)}))

    def test_two_headers_are_refused(self) -> None:
        """Envoy joins them with a comma."""
        twice = f"Bearer {ISSUER.token(CLAIMS)},Bearer {ISSUER.token(CLAIMS)}"
        gateway().denies(a_request({"authorization": twice}), *INVALID)

    def test_a_bad_token_is_denied_without_telling_the_client_why(self) -> None:
        """RFC 6750, section 3.1. Operators see the reason."""
        denied = gateway().denies(a_request(signed(exp=NOW - 60)), *INVALID)
        assert denied.deny.headers == (("www-authenticate", 'Bearer error="invalid_token"'),)
        assert "expired" in denied.deny.detail
        assert "expired" not in denied.deny.message

    def test_the_token_can_be_anywhere(self) -> None:
        """An expression says where; by default it is the header jwt."""
        token = ISSUER.token(CLAIMS)
        custom = {"jwtOrigin": "customExpression"}
        gateway(custom).allows(a_request({"jwt": token}))
        gateway(custom).denies(a_request(bearer(token)), *MISSING)
        query = custom | {"jwtExpression": "#[attributes.queryParams['t']]"}
        gateway(query).allows(a_request(path=f"/?t={token}"))
        gateway(query).denies(a_request(), *MISSING)

    @pytest.mark.parametrize(
        ("algorithm", "method", "bits"),
        [
            ("RS384", "rsa", 384),
            ("PS512", "rsa", 512),
            ("ES256", "es", 256),
            ("ES384", "es", "384"),
            ("ES512", "es", 512),
            ("HS256", "hmac", 256),
            ("HS512", "hmac", "512"),
            ("EdDSA", "eddsa", 256),
            ("Ed448", "eddsa", 512),
        ],
    )
    def test_each_method_and_length(self, algorithm: str, method: str, bits: Any) -> None:
        """The policy decides about the algorithm."""
        issuer = TokenIssuer(algorithm, key=b"s" * 64 if method == "hmac" else None)
        text = "s" * 64 if isinstance(issuer.key, bytes) else public_pem(issuer.key)
        subject = gateway({"signingMethod": method, "signingKeyLength": bits, "textKey": text})
        subject.allows(a_request(bearer(issuer.token(CLAIMS))))
        subject.denies(a_request(signed()), *INVALID)

    def test_without_keys_nobody_is_allowed(self) -> None:
        """No key set was ever fetched: that is not the client's fault."""
        subject = gateway({"jwtKeyOrigin": "jwks", "jwksUrl": "https://issuer.test/keys"})
        denied = subject.denies(a_request(signed()), DenyReason.KEYS_UNAVAILABLE, 503)
        assert "issuer.test" not in denied.deny.message

    def test_the_token_is_not_in_the_repr_of_the_effect(self) -> None:
        """A reader of the log could use it."""
        token = ISSUER.token(CLAIMS)
        assert token not in repr(compiled().evaluate(an_evaluation(a_request(bearer(token)))))


class TestTimes:
    """`exp`, `nbf` and the skew of 30 seconds."""

    @pytest.mark.parametrize(
        ("claims", "allowed"),
        [
            ({"exp": NOW + 1}, True),
            ({"exp": NOW - 29}, True),
            ({"exp": NOW - 30}, False),
            ({"nbf": NOW + 30}, True),
            ({"nbf": NOW + 31}, False),
            ({"exp": None}, True),
            ({"exp": NOW + 60.5}, True),
            ({"exp": str(NOW + 60)}, False),
        ],
    )
    def test_claims_that_are_present_are_checked(
        self, claims: dict[str, Any], allowed: bool
    ) -> None:
        """Mandatory or not."""
        decision = gateway().ask(a_request(signed(**claims)))
        assert isinstance(decision, Denied) is not allowed

    @pytest.mark.parametrize(("name", "key"), [("exp", "Exp"), ("nbf", "Nbf")])
    def test_mandatory_claims(self, name: str, key: str) -> None:
        """Without the claim, the token is valid for ever."""
        subject = gateway({f"mandatory{key}Claim": True})
        subject.denies(a_request(signed(**{name: None})), *INVALID)
        subject.allows(a_request(signed(**{name: NOW + 20})))

    def test_a_remembered_token_expires_all_the_same(self) -> None:
        """The memory says who signed, not that the token is still valid."""
        subject = gateway()
        request = a_request(signed(exp=NOW + 60))
        subject.allows(request)
        subject.allows(request)
        assert subject.tokens.counts["remembered"] == 1
        subject.clock.time_s += 60 + 30
        subject.denies(request, *INVALID)


class TestTheClient:
    """Contracts."""

    def test_an_unknown_client_is_denied(self) -> None:
        """Its token is authentic, but it has no contract."""
        gateway().denies(a_request(signed(client_id="c2")), *UNKNOWN)

    @pytest.mark.parametrize("client_id", [None, "", 7, ["c1"], {"c1": 1}])
    def test_a_token_without_a_client_id_is_denied(self, client_id: Any) -> None:
        """It says nothing about a client application."""
        decision = gateway().ask(a_request(signed(client_id=client_id)))
        assert isinstance(decision, Denied)
        assert decision.deny.status == 401

    def test_a_revoked_contract_ends_access_although_the_token_is_remembered(self) -> None:
        """Contracts are looked up in every Check."""
        subject = gateway()
        subject.allows(a_request(signed()))
        revoked = Gateway(applied("jwt-validation", KEY))
        revoked.tokens = subject.tokens
        revoked.denies(a_request(signed()), *UNKNOWN)

    def test_without_validation_only_the_user_is_known(self) -> None:
        """Nothing says which client application it is."""
        subject = gateway({"skipClientIdValidation": True, "clientIdExpression": "#[["})
        allowed = subject.allows(a_request(signed(client_id="c9")))
        assert allowed.identity == Identity("", principal="ann")

    def test_a_subject_in_any_script_is_the_principal(self) -> None:
        """Headers can hold UTF-8."""
        allowed = gateway({"skipClientIdValidation": True}).allows(a_request(signed(sub="zoë")))
        assert allowed.identity == Identity("", principal="zoë")

    @pytest.mark.parametrize("subject", [" ann", "ann\n", "", 7, None])
    def test_an_unfit_subject_is_no_principal(self, subject: Any) -> None:
        """It would reach the upstream as another one."""
        allowed = gateway({"skipClientIdValidation": True}).allows(a_request(signed(sub=subject)))
        assert allowed.identity is None

    def test_another_client_than_an_earlier_policy_found_is_denied(self) -> None:
        """One application must not use another's token."""
        subject = Gateway(
            applied("client-id-enforcement", {}, order=1),
            applied("jwt-validation", KEY, order=2),
            contracts=[contract("c1"), contract("c2")],
        )
        subject.allows(a_request(signed() | {"client_id": "c1"}))
        subject.denies(a_request(signed() | {"client_id": "c2"}), *UNKNOWN)

    def test_another_claim_can_name_the_client(self) -> None:
        """Some issuers write `azp`."""
        subject = gateway({"clientIdExpression": "#[vars.claimSet.azp]"})
        subject.allows(a_request(signed(azp="c1", client_id=None)))


def _claim(value: str) -> dict[str, str]:
    return {"key": "it", "value": value}


BAD: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "none": ({"signingMethod": "none"}, "anybody can write a token"),
    "unknown method": ({"signingMethod": "dsa"}, "signingMethod"),
    "length": ({"signingKeyLength": 128}, "256, 384 or 512"),
    "no key": ({"textKey": ""}, "textKey: is missing"),
    "not a key": ({"textKey": "hello"}, "cannot be read"),
    "key of another type": ({"signingMethod": "es"}, "does not fit"),
    "short secret": ({"signingMethod": "hmac", "textKey": "your-256-bit-secret"}, "32 octets"),
    "secret for a longer hash": (
        {"signingMethod": "hmac", "signingKeyLength": 512, "textKey": "s" * 32},
        "does not fit",
    ),
    "no URL": ({"jwtKeyOrigin": "jwks", "jwksUrl": " , "}, "jwksUrl: is missing"),
    "no http URL": ({"jwtKeyOrigin": "jwks", "jwksUrl": "file:///etc/keys"}, "not an https URL"),
    "too many URLs": (
        {"jwtKeyOrigin": "jwks", "jwksUrl": ",".join(f"https://{n}.test" for n in range(11))},
        "more than 10",
    ),
    "time to live": (
        {"jwtKeyOrigin": "jwks", "jwksUrl": "https://a.test", "jwksServiceTimeToLive": 0},
        "jwksServiceTimeToLive",
    ),
    "no place of the token": (
        {"jwtOrigin": "customExpression", "jwtExpression": ""},
        "jwtExpression: is missing",
    ),
    "no client id": ({"clientIdExpression": ""}, "clientIdExpression: is missing"),
    "no audience": ({"validateAudClaim": True}, "supportedAudiences: is missing"),
    "client id is a text": ({"clientIdExpression": "c1"}, "must be an expression"),
    "token is a text": (
        {"jwtOrigin": "customExpression", "jwtExpression": "abc"},
        "must be an expression",
    ),
    "custom claim": (
        {"validateCustomClaim": True, "mandatoryCustomClaims": [_claim("#[")]},
        "mandatoryCustomClaims.0.value",
    ),
    "header twice": (
        {"claimsToHeaders": [{"claimName": n, "headerName": "x-a"} for n in "ab"]},
        "a header name twice",
    ),
    "header of the connection": (
        {"claimsToHeaders": [{"claimName": "a", "headerName": "Host"}]},
        "host cannot be injected",
    ),
    "unknown key": ({"requireMagic": True}, "requireMagic"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_enforced_closes_the_api_with_the_reason(name: str) -> None:
    """And without the key."""
    configuration, reason = BAD[name]
    with pytest.raises(PolicyError) as raised:
        compiled(**configuration)
    assert reason in str(raised.value)
    for secret in (configuration.get("textKey"), KEY["textKey"]):
        assert not secret or secret not in str(raised.value)


def test_settings_without_effect_do_not_close_the_api() -> None:
    """The platform's form leaves old values behind."""
    compiled(
        jwtExpression="#[[",
        jwksUrl="nonsense",
        jwksServiceTimeToLive=-1,
        jwksServiceConnectionTimeout="x",
        jwtKeyOrigin="text",
        supportedAudiences="",
        mandatoryAudClaim=True,
        mandatoryCustomClaims=[{"key": 1}],
        nonMandatoryCustomClaims="?",
        customKeyExpression="#[x]",
        skipClientIdValidation=True,
        clientIdExpression="c1",
    )
    compiled(jwtKeyOrigin="jwks", jwksUrl="https://a.test", textKey="your-256-bit-secret")


def test_the_rule_says_where_its_keys_are() -> None:
    """So that they are fetched before the first request comes."""
    rule = compiled(jwtKeyOrigin="jwks", jwksUrl=" https://a.test/k , https://b.test/k,")
    urls = ("https://a.test/k", "https://b.test/k")
    assert rule.needs == (JwksSource(urls, ttl_s=3_600, timeout_s=10),)
    assert not compiled().needs


def test_the_origin_of_the_keys_follows_from_what_is_given() -> None:
    """A configuration with a URL only means that URL."""
    assert compile_jwt_validation({"jwksUrl": "https://a.test/k"}).needs


def test_policies_with_the_same_configuration_share_their_memory() -> None:
    """A token is verified once for all of them."""
    again = replace(applied("jwt-validation", dict(KEY)), policy_id="another", order=51)
    subject = Gateway(applied("jwt-validation", KEY), again, contracts=[contract("c1")])
    subject.allows(a_request(signed()))
    assert dict(subject.tokens.counts) == {"verified": 1, "remembered": 1}
