"""Policies with `senderConstraint`: a stolen token is refused."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import pytest
from cryptography.x509 import load_pem_x509_certificate

from adapter.errors import PolicyError
from adapter.policy.decision import Denied
from adapter.policy.effects.token import VerifiedToken
from adapter.policy.policies.jwt_validation import compile_jwt_validation
from adapter.policy.request.client_certificate import digest_of
from adapter.policy.tokens.base64url import encoded
from adapter.policy.verdicts import DenyReason, Identity
from support.defaults import memory_quotas
from support.dpop_client import DpopClient
from support.token_issuer import TokenIssuer, public_pem
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request

NOW: Final = 1_700_001_000
"""What the gateway's clock says."""
ISSUER: Final = TokenIssuer("ES256")
CLIENT: Final = DpopClient()
THIEF: Final = DpopClient()
URL: Final = "https://api.test/orders"
# RFC 8705, appendix A.
PEM: Final = """-----BEGIN CERTIFICATE-----
MIIBBjCBrAIBAjAKBggqhkjOPQQDAjAPMQ0wCwYDVQQDDARtdGxzMB4XDTE4MTAx
ODEyMzcwOVoXDTIyMDUwMjEyMzcwOVowDzENMAsGA1UEAwwEbXRsczBZMBMGByqG
SM49AgEGCCqGSM49AwEHA0IABNcnyxwqV6hY8QnhxxzFQ03C7HKW9OylMbnQZjjJ
/Au08/coZwxS7LfA4vOLS9WuneIXhbGGWvsDSb0tH6IxLm8wCgYIKoZIzj0EAwID
SQAwRgIhAP0RC1E+vwJD/D1AGHGzuri+hlV/PpQEKTWUVeORWz83AiEA5x2eXZOV
bUlJSGQgjwD5vaUaKlLR50Q2DmFfQj1L+SY=
-----END CERTIFICATE-----
"""
DIGEST: Final = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
SENT: Final = quote(PEM, safe="")
BY_KEY: Final = dict(CLIENT.confirmation)
BY_CERTIFICATE: Final = {"x5t#S256": DIGEST}
TOKEN_INVALID: Final = (DenyReason.TOKEN_INVALID, 401)
PROOF_INVALID: Final = (DenyReason.PROOF_INVALID, 401)


def gateway(binding: str, **configuration: Any) -> Gateway:
    """An API with this policy, for any client."""
    given = {
        "signingMethod": "es",
        "textKey": public_pem(ISSUER.key),
        "skipClientIdValidation": True,
        "senderConstraint": binding,
    }
    return Gateway(applied("jwt-validation", given | configuration))


def introspecting(
    policy_type: str, binding: str, confirmation: object, **configuration: Any
) -> Gateway:
    """An API with a policy that asks about tokens; the token `good` has that `cnf`."""
    given = {
        "introspectionURL": "https://idp.test/introspect",
        "authorizationValue": "Basic YTpi",
        "skipClientIdValidation": True,
        "senderConstraint": binding,
    }
    api = Gateway(applied(policy_type, given | configuration))
    claims = {"sub": "ann", "scope": "read"}
    bound = claims if confirmation is None else claims | {"cnf": confirmation}
    api.introspected["good"] = VerifiedToken(bound)
    return api


def token(confirmation: object) -> str:
    """A good token with this `cnf`; None leaves it out."""
    claims = {"sub": "ann", "exp": NOW + 600}
    return ISSUER.token(claims if confirmation is None else claims | {"cnf": confirmation})


def proven(
    bearer: str,
    *,
    client: DpopClient = CLIENT,
    method: str = "GET",
    url: str = URL,
    scheme: str = "DPoP",
    **claims: Any,
) -> dict[str, str]:
    """The headers of a client that proves that it has its key."""
    proof = client.proof(method, url, bearer, {"iat": NOW, **claims})
    return {"authorization": f"{scheme} {bearer}", "dpop": proof}


def asked(headers: Mapping[str, str], *, check_id: str = "", certificate: str = "") -> Any:
    """A request for URL."""
    return a_request(headers, path="/orders?page=2", check_id=check_id, certificate=certificate)


def challenge(denied: Denied) -> str:
    """What the client is told."""
    ((name, value),) = denied.deny.headers
    assert name == "www-authenticate"
    return value


class TestDpop:
    """RFC 9449."""

    @pytest.mark.parametrize("binding", ["dpop", "any"])
    def test_a_client_with_the_key_is_allowed(self, binding: str) -> None:
        """The proof is for this method, this URL and this token."""
        allowed = gateway(binding).allows(asked(proven(token(BY_KEY))))
        assert allowed.identity == Identity("", principal="ann")

    def test_a_proof_is_used_once(self) -> None:
        """A recorded proof is worth nothing. Envoy may ask twice about one request."""
        api, headers = gateway("dpop"), proven(token(BY_KEY))
        api.allows(asked(headers, check_id="1"))
        api.allows(asked(headers, check_id="1"))
        denied = api.denies(asked(headers, check_id="2"), *PROOF_INVALID)
        assert "used before" in denied.deny.detail
        assert challenge(denied).startswith('DPoP error="invalid_dpop_proof", algs="ES256 ')
        api.allows(asked(proven(token(BY_KEY)), check_id="3"))

    def test_two_clients_may_choose_the_same_jti(self) -> None:
        """Otherwise one client could use up the other's."""
        api = gateway("dpop")
        api.allows(asked(proven(token(BY_KEY), jti="1"), check_id="1"))
        other = token(dict(THIEF.confirmation))
        api.allows(asked(proven(other, client=THIEF, jti="1"), check_id="2"))

    @pytest.mark.parametrize("age_s", [-5, 0, 60, 65])
    def test_a_recent_proof_is_accepted(self, age_s: int) -> None:
        """With the skew of the clocks on both sides."""
        gateway("dpop").allows(asked(proven(token(BY_KEY), iat=NOW - age_s)))

    @pytest.mark.parametrize("age_s", [-6, 66, 10_000, -10_000])
    def test_an_old_or_future_proof_is_refused(self, age_s: int) -> None:
        """A client could otherwise make proofs in advance, for somebody else."""
        gateway("dpop").denies(asked(proven(token(BY_KEY), iat=NOW - age_s)), *PROOF_INVALID)

    def test_a_proof_stays_used_until_it_is_too_old(self) -> None:
        """The memory lasts as long as any clock accepts the proof."""
        api, headers = gateway("dpop", dpopProofMaxAge=10), proven(token(BY_KEY), iat=NOW + 5)
        api.allows(asked(headers, check_id="1"))
        for number in range(2, 22):
            api.denies(asked(headers, check_id=str(number)), *PROOF_INVALID)
            api.clock.time_s += 1
        api.clock.time_s += 2
        denied = api.denies(asked(headers, check_id="99"), *PROOF_INVALID)
        assert "older" in denied.deny.detail

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"client": THIEF}, DenyReason.TOKEN_INVALID),
            ({"scheme": "Bearer"}, DenyReason.TOKEN_INVALID),
            ({"method": "POST"}, DenyReason.PROOF_INVALID),
            ({"url": "https://api.test/other"}, DenyReason.PROOF_INVALID),
            ({"url": "https://other.test/orders"}, DenyReason.PROOF_INVALID),
            ({"url": "http://api.test/orders"}, DenyReason.PROOF_INVALID),
            ({"ath": "x"}, DenyReason.PROOF_INVALID),
            ({"jti": None}, DenyReason.PROOF_INVALID),
        ],
    )
    def test_attacks_with_a_stolen_token(self, change: dict[str, Any], reason: DenyReason) -> None:
        """A thief has the token and perhaps old proofs, and not the key."""
        gateway("dpop").denies(asked(proven(token(BY_KEY), **change)), reason, 401)

    def test_a_stolen_token_without_a_proof_is_refused(self) -> None:
        """Under either scheme."""
        for scheme in ("Bearer", "DPoP"):
            api = gateway("any")
            denied = api.ask(asked({"authorization": f"{scheme} {token(BY_KEY)}"}))
            assert isinstance(denied, Denied)
            assert denied.deny.status == 401
            assert challenge(denied).startswith("DPoP error=")

    def test_two_proofs_are_refused(self) -> None:
        """RFC 9449, section 4.3, 1. Envoy joins the two headers with a comma."""
        headers = proven(token(BY_KEY))
        both = {**headers, "dpop": f"{headers['dpop']},{proven(token(BY_KEY))['dpop']}"}
        gateway("dpop").denies(asked(both), *PROOF_INVALID)

    @pytest.mark.parametrize(
        "confirmation", [None, {}, {"jkt": None}, {"jkt": ["x"]}, {"kid": "1"}]
    )
    def test_a_token_that_is_not_bound_to_a_key_is_refused(self, confirmation: object) -> None:
        """The issuer has to bind it: a client could otherwise bring any key."""
        gateway("dpop").denies(asked(proven(token(confirmation))), *TOKEN_INVALID)

    @pytest.mark.parametrize("confirmation", ["x", [], 1, True])
    def test_a_confirmation_of_another_type_is_refused(self, confirmation: object) -> None:
        """RFC 7800, section 3.1: it is an object."""
        gateway("any").denies(asked(proven(token(confirmation))), *TOKEN_INVALID)

    def test_without_a_token_the_client_learns_what_is_needed(self) -> None:
        """RFC 9449, section 7.1."""
        denied = gateway("dpop").denies(asked({}), DenyReason.TOKEN_MISSING, 400)
        assert challenge(denied).startswith('DPoP algs="ES256 ')
        denied = gateway("any").denies(asked({}), DenyReason.TOKEN_MISSING, 400)
        assert challenge(denied).startswith('Bearer, DPoP algs="')

    def test_a_bad_token_needs_no_proof_to_be_refused(self) -> None:
        """And uses none up."""
        api, headers = gateway("dpop"), proven(token(BY_KEY))
        api.denies(asked({**headers, "authorization": "DPoP a.b.c"}), *TOKEN_INVALID)
        api.allows(asked(headers))

    def test_other_algorithms_are_refused(self) -> None:
        """The policy says which ones clients may use, and tells them."""
        api = gateway("dpop", dpopAlgorithms="EdDSA, PS256")
        denied = api.denies(asked(proven(token(BY_KEY))), *PROOF_INVALID)
        assert challenge(denied).endswith('algs="EdDSA PS256"')

    def test_clients_may_know_the_api_by_another_origin(self) -> None:
        """A load balancer in front of Envoy may end TLS, and change port and host."""
        api = gateway("dpop", dpopOrigin="https://Public.test:8443")
        api.allows(asked(proven(token(BY_KEY), url="https://public.test:8443/orders")))
        api.denies(asked(proven(token(BY_KEY))), *PROOF_INVALID)

    def test_a_token_from_elsewhere_in_the_request(self) -> None:
        """Then there is no scheme to check."""
        api = gateway("dpop", jwtOrigin="customExpression")
        headers = {"jwt": token(BY_KEY), "dpop": CLIENT.proof("GET", URL, "", {"iat": NOW})}
        api.denies(asked(headers), *PROOF_INVALID)
        bearer = headers["jwt"]
        api.allows(asked({"jwt": bearer, "dpop": CLIENT.proof("GET", URL, bearer, {"iat": NOW})}))

    @pytest.mark.parametrize("authority", ["api.test/orders?", "api.test/orders#", "a@api.test"])
    def test_a_host_does_not_make_it_another_url(self, authority: str) -> None:
        """A recorded proof for /orders would otherwise open /admin."""
        headers = proven(token(BY_KEY))
        request = a_request(headers, path="/admin", authority=authority)
        gateway("dpop").denies(request, *PROOF_INVALID)

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER  "])
    def test_a_good_proof_does_not_make_it_a_bearer_token(self, scheme: str) -> None:
        """RFC 9449, section 7.2."""
        headers = proven(token(BY_KEY), scheme=scheme)
        api = gateway("dpop")
        api.denies(asked(headers), *TOKEN_INVALID)
        api.denies(
            asked({**headers, "authorization": f"{headers['authorization']} "}), *TOKEN_INVALID
        )

    def test_an_ambiguous_path_is_refused(self) -> None:
        """The proof names the path, so the path must have one reading."""
        headers = proven(token(BY_KEY), url="https://api.test/a/..%2fb")
        request = a_request(headers, path="/a/..%2fb")
        gateway("dpop").denies(request, DenyReason.AMBIGUOUS_PATH, 400)

    def test_a_full_memory_refuses_and_says_so(self) -> None:
        """To forget a used proof would be to accept it again."""
        api = gateway("dpop")
        api.quotas = memory_quotas(api.clock, max_windows=4)
        api.allows(asked(proven(token(BY_KEY)), check_id="1"))
        api.allows(asked(proven(token(BY_KEY)), check_id="2"))
        headers = proven(token(BY_KEY))
        api.denies(asked(headers, check_id="3"), DenyReason.REPLAY_UNKNOWN, 503)
        api.clock.time_s += 71
        api.allows(asked(proven(token(BY_KEY), iat=NOW + 71), check_id="4"))


class TestCertificates:
    """RFC 8705."""

    def test_the_digest_of_the_rfc(self) -> None:
        """Others compute the same one."""
        assert encoded(digest_of(load_pem_x509_certificate(PEM.encode()))) == DIGEST

    @pytest.mark.parametrize("binding", ["mtls", "any"])
    def test_the_client_with_the_certificate_is_allowed(self, binding: str) -> None:
        """Envoy has verified that the client has the key."""
        headers = {"authorization": f"Bearer {token(BY_CERTIFICATE)}"}
        gateway(binding).allows(asked(headers, certificate=SENT))

    @pytest.mark.parametrize(
        ("confirmation", "certificate"),
        [
            (BY_CERTIFICATE, ""),
            (BY_CERTIFICATE, "nonsense"),
            ({"x5t#S256": DIGEST[:-1]}, SENT),
            ({"x5t#S256": f"{DIGEST}="}, SENT),
            ({"x5t#S256": DIGEST.lower()}, SENT),
            ({"x5t#S256": "é"}, SENT),
            ({"x5t#S256": None}, SENT),
            ({"x5t#S256": [DIGEST]}, SENT),
            ({"x5t": DIGEST}, SENT),
            ({"jkt": DIGEST}, SENT),
            ({}, SENT),
            (None, SENT),
        ],
        ids=str,
    )
    def test_other_certificates_are_refused(self, confirmation: object, certificate: str) -> None:
        """And headers that pretend to be one do not count."""
        headers = {
            "authorization": f"Bearer {token(confirmation)}",
            "x-forwarded-client-cert": f'Cert="{SENT}"',
        }
        denied = gateway("mtls").denies(asked(headers, certificate=certificate), *TOKEN_INVALID)
        assert challenge(denied) == 'Bearer error="invalid_token"'

    def test_a_token_with_two_bindings_needs_both(self) -> None:
        """Whatever the policy asks for: the issuer asked for both."""
        both = token(BY_CERTIFICATE | BY_KEY)
        for binding in ("mtls", "dpop", "any"):
            api = gateway(binding)
            api.allows(asked(proven(both), certificate=SENT))
            api.denies(asked(proven(both)), *TOKEN_INVALID)
            bearer = {"authorization": f"Bearer {both}"}
            api.denies(asked(bearer, certificate=SENT), *TOKEN_INVALID)

    def test_a_token_bound_to_a_certificate_has_no_scheme_dpop(self) -> None:
        """RFC 9449, section 7.1: the scheme is for tokens that are bound to a key."""
        headers = proven(token(BY_CERTIFICATE))
        denied = gateway("any").denies(asked(headers, certificate=SENT), *TOKEN_INVALID)
        assert challenge(denied).startswith('DPoP error="invalid_token"')

    def test_without_a_token_the_client_is_asked_for_a_bearer_token(self) -> None:
        """The challenge is the usual one."""
        denied = gateway("mtls").denies(asked({}), DenyReason.TOKEN_MISSING, 400)
        assert challenge(denied) == "Bearer"


def test_by_default_bindings_do_not_count() -> None:
    """As on the vendor's gateway, which does not know them."""
    gateway("none").allows(asked({"authorization": f"Bearer {token(BY_KEY)}"}))
    gateway("none").denies(asked(proven(token(BY_KEY))), DenyReason.TOKEN_MISSING, 400)


@pytest.mark.parametrize(
    "policy_type", ["oauth2-token-introspection", "openidconnect-access-token-enforcement"]
)
class TestIntrospectedTokens:
    """The provider's answer says what a token is bound to (RFC 8705, 3.2; RFC 9449, 6.2)."""

    def test_a_client_with_the_key_is_allowed_once(self, policy_type: str) -> None:
        """A proof is for one request, although the token is remembered."""
        api, headers = introspecting(policy_type, "dpop", BY_KEY), proven("good")
        allowed = api.allows(asked(headers, check_id="1"))
        assert allowed.identity == Identity("", principal="ann")
        api.denies(asked(headers, check_id="2"), *PROOF_INVALID)
        api.allows(asked(proven("good")))

    def test_a_thief_is_refused(self, policy_type: str) -> None:
        """With a key of its own, without a proof, with a proof for another path, or as a bearer."""
        api = introspecting(policy_type, "dpop", BY_KEY)
        api.denies(asked(proven("good", client=THIEF)), *TOKEN_INVALID)
        api.denies(asked({"authorization": "DPoP good"}), *PROOF_INVALID)
        api.denies(asked(proven("good", url="https://api.test/other")), *PROOF_INVALID)
        api.denies(asked(proven("good", scheme="Bearer")), *TOKEN_INVALID)

    def test_a_path_with_two_readings_is_refused(self, policy_type: str) -> None:
        """A proof names the path."""
        api = introspecting(policy_type, "dpop", BY_KEY)
        request = a_request(proven("good"), path="/a/../orders")
        api.denies(request, DenyReason.AMBIGUOUS_PATH, 400)

    def test_a_certificate_is_compared(self, policy_type: str) -> None:
        """It is the one of the token, or the token is refused."""
        api, bearer = introspecting(policy_type, "mtls", BY_CERTIFICATE), "Bearer good"
        api.allows(asked({"authorization": bearer}, certificate=SENT))
        api.denies(asked({"authorization": bearer}), *TOKEN_INVALID)

    @pytest.mark.parametrize("binding", ["mtls", "dpop", "any"])
    @pytest.mark.parametrize("confirmation", [None, {}, "text"])
    def test_an_unbound_token_is_refused(
        self, policy_type: str, binding: str, confirmation: object
    ) -> None:
        """The admin wants bound tokens only."""
        api = introspecting(policy_type, binding, confirmation)
        api.denies(asked(proven("good"), certificate=SENT), *TOKEN_INVALID)

    def test_other_refusals_stay_as_they_are(self, policy_type: str) -> None:
        """An inactive token, and one without the scopes."""
        api = introspecting(policy_type, "dpop", BY_KEY, scopes="write")
        api.denies(asked(proven("good")), DenyReason.SCOPE_MISSING, 403)
        api.denies(asked(proven("bad")), *TOKEN_INVALID)
        api.denies(asked({}), DenyReason.TOKEN_MISSING, 400)


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"senderConstraint": "tls"}, "senderConstraint"),
        ({"dpopAlgorithms": "HS256"}, "dpopAlgorithms"),
        ({"dpopAlgorithms": "none,ES256"}, "dpopAlgorithms"),
        ({"dpopProofMaxAge": 0}, "dpopProofMaxAge"),
        ({"dpopProofMaxAge": 3_601}, "dpopProofMaxAge"),
        ({"dpopOrigin": "api.test"}, "dpopOrigin"),
        ({"dpopOrigin": "https://api.test/"}, "dpopOrigin"),
        ({"dpopOrigin": "https://api.test/v1"}, "dpopOrigin"),
    ],
    ids=str,
)
def test_configurations_that_cannot_be_enforced(configuration: dict[str, Any], named: str) -> None:
    """The API is closed, and the admin reads which setting is wrong."""
    given = {"signingMethod": "es", "textKey": public_pem(ISSUER.key), "senderConstraint": "dpop"}
    with pytest.raises(PolicyError, match=named):
        compile_jwt_validation(given | configuration)


def test_without_a_constraint_its_settings_are_not_validated() -> None:
    """As everywhere: a setting without effect closes no API."""
    given = {"signingMethod": "es", "textKey": public_pem(ISSUER.key)}
    compile_jwt_validation(given | {"dpopAlgorithms": "HS256", "dpopOrigin": "x"})


def test_a_proof_does_not_replace_the_client_id() -> None:
    """A client that has its key still needs a token that says which application it is."""
    api = gateway("dpop", skipClientIdValidation=False)
    denied = api.denies(asked(proven(token(BY_KEY))), *TOKEN_INVALID)
    assert "no client id" in denied.deny.detail
