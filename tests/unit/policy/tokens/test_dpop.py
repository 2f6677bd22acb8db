"""DPoP proofs: the RFC's example, and attacks."""

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.tokens.dpop import ALGORITHMS, MAX_CHARS, DpopProof, read_proof
from adapter.policy.tokens.faults import TokenFault
from adapter.policy.tokens.request_url import normal_url
from adapter.policy.tokens.thumbprint import thumbprint
from support.dpop_client import DpopClient
from support.token_issuer import public_jwk

# RFC 9449, figure 12, and the thumbprint of figure 14.
RFC_PROOF: Final = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjN"
    "oUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VE"
    "RWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwia"
    "HR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYx"
    "OCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP8"
    "6L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
RFC_TOKEN: Final = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
RFC_URL: Final = "https://resource.example.org/protectedresource"
# RFC 7638, section 3.1.
RFC_KEY: Final = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_B"
    "JECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qv"
    "zqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu"
    "0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}

URL: Final = "https://api.test/orders"
TOKEN: Final = "token"
CLIENT: Final = DpopClient()


def proof(
    claims: Mapping[str, Any] | bytes = b"", header: Mapping[str, Any] | None = None
) -> DpopProof:
    """What a proof of CLIENT says."""
    return read_proof(CLIENT.proof("GET", URL, TOKEN, claims, header), ALGORITHMS)


def refused(text: str, algorithms: frozenset[str] = ALGORITHMS) -> str:
    """Why the proof is refused, which it must be."""
    with pytest.raises(TokenFault) as raised:
        read_proof(text, algorithms)
    return str(raised.value)


def test_the_proof_of_the_rfc_is_accepted() -> None:
    """What others write by the RFC works here."""
    found = read_proof(RFC_PROOF, ALGORITHMS)
    assert found.objection("GET", RFC_URL, RFC_TOKEN) is None
    assert found.thumbprint == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
    assert (found.token_id, found.issued_at) == ("e1j3V_bKic8-LAEB", 1_562_262_618)


def test_the_thumbprint_of_the_rfc() -> None:
    """Only the members of the public key count."""
    assert thumbprint(RFC_KEY) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "key",
    [{}, {"kty": "oct", "k": "AA"}, {"kty": 1}, {"kty": "EC", "crv": "P-256", "x": "AA"}],
    ids=str,
)
def test_other_keys_have_no_thumbprint(key: dict[str, Any]) -> None:
    """A thumbprint of a secret, or of half a key, would name nobody."""
    with pytest.raises(ValueError, match="key"):
        thumbprint(key)


@pytest.mark.parametrize("algorithm", sorted(ALGORITHMS))
def test_every_asymmetric_algorithm(algorithm: str) -> None:
    """And each only while the policy allows it."""
    client = DpopClient(algorithm)
    text = client.proof("GET", URL, TOKEN)
    found = read_proof(text, frozenset({algorithm}))
    assert found.thumbprint == client.confirmation["jkt"]
    refused(text, ALGORITHMS - {algorithm})


OTHER: Final = DpopClient()
PRIVATE: Final = public_jwk(CLIENT.key) | {"d": "AA"}


@pytest.mark.parametrize(
    "header",
    [
        {"typ": None},
        {"typ": "JWT"},
        {"typ": "DPOP+JWT"},
        {"typ": "application/dpop+jwt"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": "ES384"},
        {"alg": None},
        {"jwk": None},
        {"jwk": "text"},
        {"jwk": {}},
        {"jwk": public_jwk(OTHER.key)},
        {"jwk": PRIVATE},
        {"jwk": public_jwk(CLIENT.key) | {"k": "AA"}},
        {"jwk": {"kty": "oct", "k": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
        {"jwk": public_jwk(CLIENT.key) | {"use": "enc"}},
        {"jwk": public_jwk(CLIENT.key) | {"y": public_jwk(OTHER.key)["y"]}},
        {"crit": ["exp"]},
        {"b64": False},
    ],
)
def test_headers_of_proofs_that_are_refused(header: Mapping[str, Any]) -> None:
    """RFC 9449, section 4.3, 4 to 7. A secret in the header would verify anybody's proof."""
    refused(CLIENT.proof("GET", URL, TOKEN, header=header))


@pytest.mark.parametrize("name", ["jti", "htm", "htu", "iat", "ath"])
@pytest.mark.parametrize("value", [None, "", 5.5e300, -1, True, [], {}, "x" * 9_000])
def test_claims_that_are_missing_or_of_another_type(name: str, value: object) -> None:
    """RFC 9449, section 4.2: all of them are needed at a protected resource."""
    refused(CLIENT.proof("GET", URL, TOKEN, {name: value}))


@pytest.mark.parametrize(
    "payload", [b"[]", b"nonsense", b"\xff", b'{"jti":"1","jti":"2"}', b"[" * 5_000], ids=repr
)
def test_payloads_that_are_no_claims(payload: bytes) -> None:
    """A member that occurs twice is read differently by different programs."""
    refused(CLIENT.proof("GET", URL, TOKEN, payload))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        "a.b.c",
        f"{RFC_PROOF},{RFC_PROOF}",
        f"{RFC_PROOF}, ",
        f" {RFC_PROOF}",
        f"{RFC_PROOF}=",
        RFC_PROOF[:-4] + "AAAA",
        RFC_PROOF.replace("eyJ0eXAi", "eyJ0eXAj"),
        "x" * (MAX_CHARS + 1),
        "é.é.é",
    ],
    ids=range(11),
)
def test_texts_that_are_no_proof(text: str) -> None:
    """Among them two headers, which Envoy joins with a comma."""
    refused(text)


@pytest.mark.parametrize(
    ("method", "url", "token", "why"),
    [
        ("POST", URL, TOKEN, "htm"),
        ("get", URL, TOKEN, "htm"),
        ("GET", "http://api.test/orders", TOKEN, "htu"),
        ("GET", "https://api.test:8443/orders", TOKEN, "htu"),
        ("GET", "https://other.test/orders", TOKEN, "htu"),
        ("GET", "https://api.test/orders/", TOKEN, "htu"),
        ("GET", "https://api.test/Orders", TOKEN, "htu"),
        ("GET", "https://api.test/%2Forders", TOKEN, "htu"),
        ("GET", "nonsense", TOKEN, "htu"),
        ("GET", URL, "other", "ath"),
    ],
)
def test_a_proof_for_another_request(method: str, url: str, token: str, why: str) -> None:
    """A proof that somebody recorded is worth nothing elsewhere."""
    objection = proof().objection(method, url, token)
    assert objection is not None
    assert objection.startswith(why)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        f"{URL}?page=2",
        f"{URL}?a=https://x/#y",
        "HTTPS://API.TEST/orders",
        "https://api.test:443/orders",
        "https://api.test/%6Frders#top",
    ],
)
def test_the_same_url_in_other_words(url: str) -> None:
    """RFC 9449, section 4.3: query and fragment do not count, and the normal forms are compared."""
    assert proof().objection("GET", url, TOKEN) is None
    assert proof({"htu": url}).objection("GET", URL, TOKEN) is None


def test_a_url_without_a_path_has_the_path_of_a_slash() -> None:
    """RFC 3986, section 6.2.3."""
    assert (
        normal_url("https://api.test") == normal_url("https://API.test:443/?x") != normal_url(URL)
    )


@pytest.mark.parametrize(
    "url",
    ["", "/orders", "api.test/orders", "ftp://api.test/", "https:///x", "https://a@api.test/"],
)
def test_texts_that_are_no_url_of_a_request(url: str) -> None:
    """They equal nothing, not even themselves."""
    assert proof({"htu": url or "x"}).objection("GET", url, TOKEN) is not None


@given(st.text(), st.text())
def test_no_text_makes_reading_a_proof_raise_anything_else(text: str, url: str) -> None:
    """An unexpected exception would leave the Check without an answer."""
    refused(text)
    found = normal_url(url)
    assert found is None or normal_url(found) == found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
members = st.sampled_from(["jti", "htm", "htu", "iat", "ath", "jwk", "typ", "alg", "kid", "x"])


@given(st.dictionaries(members, json_values), st.dictionaries(members, json_values))
def test_a_signed_proof_is_accepted_only_with_the_right_claims(
    claims: dict[str, Any], header: dict[str, Any]
) -> None:
    """Whatever an attacker writes and signs: it is refused, or it is a proof for this request."""
    text = CLIENT.proof("GET", URL, TOKEN, claims, header)
    try:
        found = read_proof(text, ALGORITHMS)
    except TokenFault:
        return
    assert found.thumbprint == CLIENT.confirmation["jkt"]
    if found.objection("GET", URL, TOKEN) is None:
        assert claims.get("htm", "GET") == "GET"
        assert normal_url(json.loads(json.dumps(claims.get("htu", URL)))) == URL
