"""Tokens that are accepted, and tokens that must not be."""

import json
import time
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.tokens.algorithms import VERIFY
from adapter.policy.tokens.base64url import decoded, encoded
from adapter.policy.tokens.claims import Lifetime, authenticate
from adapter.policy.tokens.faults import TokenFault, UnknownKeyFault
from adapter.policy.tokens.jwk import read_key, read_key_set
from adapter.policy.tokens.jws import MAX_CHARS, read_token
from adapter.policy.tokens.keys import MAX_TRIED, KeySet
from support.token_issuer import TokenIssuer, compact, key_set, public_pem

ISSUERS: Final = {algorithm: TokenIssuer(algorithm) for algorithm in VERIFY}
RSA: Final = ISSUERS["RS256"]
RSA_ONLY: Final = frozenset({"RS256", "PS256"})
CLAIMS: Final[dict[str, Any]] = {"sub": "someone", "client_id": "c1"}


def keys_of(*issuers: TokenIssuer) -> KeySet:
    """The key set of these issuers."""
    return read_key_set(key_set(*(issuer.jwk for issuer in issuers))).keys


def refused(token: str, keys: KeySet | None = None, algorithms: frozenset[str] = RSA_ONLY) -> str:
    """Why the token is refused, which it must be."""
    with pytest.raises(TokenFault) as raised:
        authenticate(token, algorithms, keys or keys_of(RSA))
    return str(raised.value)


def with_header(header: bytes, issuer: TokenIssuer = RSA) -> str:
    """A token with exactly this header, signed."""
    return compact(header, json.dumps(CLAIMS).encode(), issuer.signature)


@pytest.mark.parametrize("algorithm", ISSUERS)
def test_a_token_of_each_algorithm_is_accepted(algorithm: str) -> None:
    """Every algorithm that a policy can ask for works."""
    issuer = ISSUERS[algorithm]
    found = authenticate(issuer.token(CLAIMS), {algorithm}, keys_of(issuer))
    assert found.claims == CLAIMS


@pytest.mark.parametrize("algorithm", ISSUERS)
def test_a_key_of_another_type_never_verifies(algorithm: str) -> None:
    """The key's type, curve and size decide, not the header of the token."""
    fitting = read_key(ISSUERS[algorithm].jwk).algorithms
    for other, issuer in ISSUERS.items():
        if other not in fitting:
            refused(issuer.token(CLAIMS), keys_of(ISSUERS[algorithm]), frozenset(VERIFY))


def test_an_unsigned_token_is_refused() -> None:
    """Some libraries accepted `alg: none` (RFC 8725, section 2.1)."""
    for algorithm in ("none", "None", "NONE", "nOnE", ""):
        header = json.dumps({"alg": algorithm}).encode()
        refused(with_header(header), algorithms=frozenset(VERIFY))
        refused(f"{encoded(header)}.{encoded(b'{}')}.", algorithms=frozenset(VERIFY))


@pytest.mark.parametrize("algorithms", [RSA_ONLY, frozenset(VERIFY)])
def test_a_public_key_is_never_an_hmac_secret(algorithms: frozenset[str]) -> None:
    """Everyone knows the public key, so everyone could sign with it (RFC 8725, section 2.1)."""
    pem = public_pem(RSA.key)
    for secret in (pem, pem.strip(), json.dumps(RSA.jwk)):
        forger = TokenIssuer("HS256", key=secret.encode())
        refused(forger.token(CLAIMS), algorithms=algorithms)


def test_a_key_inside_the_token_is_ignored() -> None:
    """Otherwise everyone could bring their own key along."""
    forger = TokenIssuer("RS256")
    header = {"jwk": forger.jwk, "jku": "https://evil.test/", "x5u": "https://evil.test/"}
    refused(forger.token(CLAIMS, header))


BAD_HEADERS: Final[dict[str, bytes]] = {
    "no alg": b"{}",
    "alg is a number": b'{"alg":256}',
    "alg is a list": b'{"alg":["RS256"]}',
    "alg twice": b'{"alg":"none","alg":"RS256"}',
    "kid twice": b'{"alg":"RS256","kid":"k1","kid":"k1"}',
    "kid is a number": b'{"alg":"RS256","kid":1}',
    "kid is very long": json.dumps({"alg": "RS256", "kid": "k" * 300}).encode(),
    "crit": b'{"alg":"RS256","crit":["exp"],"exp":1}',
    "crit is empty": b'{"alg":"RS256","crit":[]}',
    "b64": b'{"alg":"RS256","b64":false}',
    "zip": b'{"alg":"RS256","zip":"DEF"}',
    "enc": b'{"alg":"RS256","enc":"A128GCM"}',
    "nested JWT": b'{"alg":"RS256","cty":"JWT"}',
    "nested JWT, spelled otherwise": b'{"alg":"RS256","cty":"application/jwt"}',
    "DPoP proof": b'{"alg":"RS256","typ":"dpop+jwt"}',
    "logout token": b'{"alg":"RS256","typ":"application/Logout+JWT"}',
    "not JSON": b"alg=RS256",
    "not an object": b'["RS256"]',
    "byte order mark": b'\xef\xbb\xbf{"alg":"RS256"}',
    "not UTF-8": b'{"alg":"RS256","x":"\xff"}',
    "lone surrogate": b'{"alg":"RS256","x":"\\ud800"}',
    "deep": b'{"alg":"RS256","x":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "rather deep": b'{"alg":"RS256","x":' + b"[" * 40 + b"]" * 40 + b"}",
    "two documents": b'{"alg":"RS256"}{}',
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_a_signed_token_with_a_bad_header_is_refused(name: str) -> None:
    """The signature is right, so only the header can be the reason."""
    refused(with_header(BAD_HEADERS[name]))


def test_the_same_header_without_faults_is_accepted() -> None:
    """The table above fails for its faults, and not for the way it is signed."""
    authenticate(with_header(b'{"alg":"RS256","x":[[]]}'), RSA_ONLY, keys_of(RSA))


BAD_CLAIMS: Final[dict[str, bytes]] = {
    "not JSON": b"hello",
    "a list": b"[]",
    "a token": RSA.token(CLAIMS).encode(),
    "a claim twice": b'{"sub":"a","sub":"b"}',
    "a member of a claim twice": b'{"a":{"b":1,"b":2}}',
    "NaN": b'{"a":NaN}',
    "infinite": b'{"a":Infinity}',
    "deep": b'{"a":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_001,
    "number with 5000 digits": b'{"a":' + b"9" * 5_000 + b"}",
    "number with a huge exponent": b'{"a":1e9999999999999999999999}',
    "exp is a text": b'{"exp":"9999999999"}',
    "exp is true": b'{"exp":true}',
    "exp is null": b'{"exp":null}',
    "exp is a list": b'{"exp":[9999999999]}',
    "exp is negative": b'{"exp":-1}',
    "exp is huge": b'{"exp":1e30}',
    "exp is in milliseconds": b'{"exp":1900000000000}',
    "nbf is a text": b'{"nbf":"0"}',
    "nbf is huge": b'{"nbf":1' + b"0" * 400 + b"}",
    "iat is a text": b'{"iat":"yesterday"}',
    "not UTF-8": b'{"sub":"\xc3"}',
    "lone surrogate": b'{"sub":"\\udfff"}',
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
def test_a_signed_token_with_bad_claims_is_refused(name: str) -> None:
    """A signature does not make claims well-formed."""
    refused(RSA.token(BAD_CLAIMS[name]))


def test_numbers_in_claims_stay_exact() -> None:
    """An account number with 20 digits, or a price, is not rounded."""
    claims = b'{"account":12345678901234567890,"price":0.1,"exp":1900000000.5}'
    found = authenticate(RSA.token(claims), RSA_ONLY, keys_of(RSA))
    assert found.claims["account"] == 12345678901234567890
    assert found.claims["price"] == Decimal("0.1")
    assert found.lifetime.expires == 1_900_000_000.5


def _variants() -> dict[str, str]:
    token = RSA.token(CLAIMS)
    header, payload, signature = token.split(".")
    last = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    other_bits = last[last.index(signature[-1]) ^ 1]
    return {
        "padding": f"{token}==",
        "unused bits": token[:-1] + other_bits,
        "padded header": f"{header}=.{payload}.{signature}",
        "the other alphabet": token.replace("-", "+").replace("_", "/"),
        "a line break": f"{header}.{payload}.\n{signature}",
        "white space around": f" {token} ",
        "no signature": f"{header}.{payload}.",
        "two parts": f"{header}.{payload}",
        "four parts": f"{token}.",
        "encrypted": f"{token}.a.b",
        "unlike ASCII": f"{token}é",
        "other payload": f"{header}.{encoded(b'{}')}.{signature}",
        "shorter signature": token[:-4],
        "longer signature": f"{token}AAAA",
        "empty": "",
        "dots": "..",
        "64 KB": RSA.token({"x": "y" * 48_000}),
        "64 KB of dots": "." * 65_536,
    }


@pytest.mark.parametrize("name", _variants())
def test_another_form_of_a_good_token_is_refused(name: str) -> None:
    """One token has one text, so that nobody can make a second one from the first."""
    refused(_variants()[name])


def test_a_token_of_the_largest_size_is_read() -> None:
    """The bound is where the page says."""
    spare = (MAX_CHARS - len(RSA.token({"x": ""}))) * 3 // 4 - 4
    token = RSA.token({"x": "y" * spare})
    assert MAX_CHARS - 8 <= len(token) <= MAX_CHARS
    authenticate(token, RSA_ONLY, keys_of(RSA))


def test_a_signature_of_ecdsa_in_der_is_refused() -> None:
    """JOSE writes two numbers of fixed length (RFC 7518, section 3.4)."""
    issuer = ISSUERS["ES256"]
    header, payload, signature = issuer.token(CLAIMS).split(".")
    keys, es256 = keys_of(issuer), frozenset({"ES256"})
    for bad in (bytes(64), b"\xff" * 64, bytes(70), b"0" + bytes(64)):
        refused(f"{header}.{payload}.{encoded(bad)}", keys, es256)
    authenticate(f"{header}.{payload}.{signature}", es256, keys)


def _octets(token: str) -> bytes:
    return decoded(token.rpartition(".")[2])


def _second_texts() -> dict[str, tuple[str, bytes]]:
    """Other signatures for a good token, which lenient programs accept, by algorithm."""
    ed25519 = _octets(ISSUERS["Ed25519"].token(CLAIMS))
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(ed25519[32:], "little") + order
    es256, rsa = (_octets(ISSUERS[name].token(CLAIMS)) for name in ("ES256", "RS256"))
    r, s_of_ec = es256[:32], es256[32:]
    return {
        "s of Ed25519 is too large": ("Ed25519", ed25519[:32] + s.to_bytes(32, "little")),
        "Ed25519 with zeros": ("Ed25519", bytes(64)),
        "RSA with a zero before": ("RS256", b"\0" + rsa),
        "RSA without its first octet": ("RS256", rsa[1:]),
        "RSA of zeros": ("RS256", bytes(256)),
        "RSA of one": ("RS256", bytes(255) + b"\1"),
        "ECDSA in DER": ("ES256", encode_dss_signature(*map(int.from_bytes, (r, s_of_ec)))),
        "ECDSA with longer numbers": ("ES256", b"\0" + r + b"\0" + s_of_ec),
        "ECDSA with r of zero": ("ES256", bytes(32) + s_of_ec),
        "ECDSA with s of zero": ("ES256", r + bytes(32)),
        "HMAC cut in half": ("HS256", _octets(ISSUERS["HS256"].token(CLAIMS))[:16]),
    }


@pytest.mark.parametrize("name", _second_texts())
def test_a_signature_has_one_form(name: str) -> None:
    """It is the good signature of this token, or made from it."""
    algorithm, signature = _second_texts()[name]
    issuer = ISSUERS[algorithm]
    message = issuer.token(CLAIMS).rpartition(".")[0]
    refused(f"{message}.{encoded(signature)}", keys_of(issuer), frozenset({algorithm}))


class TestWhichKey:
    """A token may name its key; the policy's key set decides."""

    def test_of_keys_with_one_id_each_is_tried(self) -> None:
        """Some providers give two keys the same id."""
        other = TokenIssuer("RS256", "k1")
        for issuer in (RSA, other):
            authenticate(issuer.token(CLAIMS), RSA_ONLY, keys_of(other, RSA))

    def test_without_an_id_all_fitting_keys_are_tried(self) -> None:
        """An id is optional (RFC 7515, section 4.1.4)."""
        named = TokenIssuer("RS256", "k2")
        token = named.token(CLAIMS, {"kid": None})
        authenticate(token, RSA_ONLY, keys_of(RSA, ISSUERS["ES256"], named))

    def test_the_number_of_tries_is_bounded(self) -> None:
        """Otherwise a large key set would make every forged token expensive."""
        keys = KeySet([read_key(RSA.jwk)] * 50)
        assert len(keys.fitting("RS256", None)) == MAX_TRIED
        assert len(keys.fitting("RS256", "k1")) == MAX_TRIED
        slow = KeySet([read_key(ISSUERS["ES512"].jwk)] * 50)
        assert len(slow.fitting("ES512", None)) < MAX_TRIED

    def test_another_key_than_the_named_one_does_not_count(self) -> None:
        """The token says k1, but k2 signed it."""
        other = TokenIssuer("RS256", "k2")
        token = other.token(CLAIMS, {"kid": "k1"})
        with pytest.raises(TokenFault) as raised:
            authenticate(token, RSA_ONLY, keys_of(RSA, other))
        assert not isinstance(raised.value, UnknownKeyFault)

    @pytest.mark.parametrize("key_id", ["new", None])
    def test_a_newer_key_set_could_have_the_key(self, key_id: str | None) -> None:
        """Then it is worth the effort to fetch the key set again."""
        with pytest.raises(UnknownKeyFault):
            authenticate(TokenIssuer("RS256", key_id).token(CLAIMS), RSA_ONLY, keys_of(RSA))


class TestLifetime:
    """When a token is valid."""

    @pytest.mark.parametrize(
        ("now", "valid"), [(89, False), (90, True), (199, True), (209, True), (210, False)]
    )
    def test_both_ends_with_skew(self, now: int, valid: bool) -> None:
        """A token is not accepted on or after `exp`, and accepted from `nbf` on."""
        assert (Lifetime(100, 200).objection(now, skew_s=10) is None) is valid

    def test_without_claims_there_is_no_limit(self) -> None:
        """Whether the claims are mandatory is the policy's question."""
        assert Lifetime().objection(time.time(), 0) is None


@given(st.text() | st.from_regex(r"[A-Za-z0-9_=-]*\.[A-Za-z0-9_=-]*\.[A-Za-z0-9_=-]*"))
def test_no_text_is_accepted_or_raises_something_else(text: str) -> None:
    """Only the fault that the caller expects."""
    refused(text, algorithms=frozenset(VERIFY))


@given(st.data())
def test_no_changed_token_is_accepted(data: st.DataObject) -> None:
    """Whatever changes in a token, its signature is wrong then, or it is not read at all."""
    issuer = ISSUERS[data.draw(st.sampled_from(["HS256", "ES256", "EdDSA", "RS256"]))]
    token = issuer.token(CLAIMS)
    at = data.draw(st.integers(0, len(token) - 1))
    char = data.draw(st.sampled_from("ABCzZ09-_.=+/ é\n"))
    changed = token[:at] + char + token[at + data.draw(st.integers(0, 2)) :]
    if changed != token:
        refused(changed, keys_of(issuer), frozenset(VERIFY))


@given(st.dictionaries(st.text(), st.none() | st.text() | st.floats() | st.lists(st.integers())))
def test_no_signed_claims_raise_something_else(claims: dict[str, Any]) -> None:
    """An issuer may sign anything."""
    issuer = ISSUERS["HS256"]
    with suppress(TokenFault):
        authenticate(issuer.token(claims), {"HS256"}, keys_of(issuer))


@given(st.binary(max_size=60))
def test_no_header_raises_something_else(header: bytes) -> None:
    """Nothing that a client puts there."""
    with pytest.raises(TokenFault):
        read_token(f"{encoded(header)}.e30.AAAA", {"none"})
