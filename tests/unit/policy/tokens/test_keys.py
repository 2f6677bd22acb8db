"""Which keys are used, and which are refused."""

import json
from datetime import UTC, datetime, timedelta
from math import prod
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.tokens.base64url import encoded
from adapter.policy.tokens.claims import authenticate
from adapter.policy.tokens.jwk import MAX_KEYS, read_key, read_key_set
from adapter.policy.tokens.key_text import MAX_CHARS, read_public_key, read_secret
from support.token_issuer import TokenIssuer, key_set, public_jwk, public_pem

RSA: Final = TokenIssuer("RS256")
EC: Final = TokenIssuer("ES256", "e1")
ED: Final = TokenIssuer("EdDSA", "d1")
SHORT: Final = {"kty": "RSA", "e": "AQAB", "n": encoded(b"\xff" * 128)}
PRIMES: Final = prod(p for p in range(2, 168) if all(p % d for d in range(2, p)))
ROCA: Final = ((1 << 2_047) // PRIMES + 1) * PRIMES + pow(65_537, 1_001, PRIMES)
"""A modulus as from a chip with the flaw: a power of 65,537 modulo each small prime."""
K1: Final = public_jwk(ec.generate_private_key(ec.SECP256R1()))


def _without(key: dict[str, Any], name: str) -> dict[str, Any]:
    return {member: value for member, value in key.items() if member != name}


BAD_KEYS: Final[dict[str, Any]] = {
    "not an object": "RS256",
    "no type": _without(RSA.jwk, "kty"),
    "type is a list": RSA.jwk | {"kty": ["RSA"]},
    "unknown type": RSA.jwk | {"kty": "DSA"},
    "id is a number": RSA.jwk | {"kid": 1},
    "for encryption": RSA.jwk | {"use": "enc"},
    "use is a list": RSA.jwk | {"use": ["sig"]},
    "only for signing": RSA.jwk | {"key_ops": ["sign"]},
    "key_ops is a text": RSA.jwk | {"key_ops": "verify"},
    "private": RSA.jwk | {"d": "AQAB"},
    "prime factor": RSA.jwk | {"p": "AQAB"},
    "algorithm of another type": RSA.jwk | {"alg": "ES256"},
    "algorithm is a list": RSA.jwk | {"alg": ["RS256"]},
    "unknown algorithm": RSA.jwk | {"alg": "RSA-OAEP"},
    "short modulus": SHORT,
    "modulus with the ROCA flaw": {"kty": "RSA", "e": "AQAB", "n": encoded(ROCA.to_bytes(256))},
    "huge modulus": {"kty": "RSA", "e": "AQAB", "n": encoded(b"\xff" * 2_049)},
    "no modulus": _without(RSA.jwk, "n"),
    "modulus is a number": RSA.jwk | {"n": 7},
    "padded modulus": RSA.jwk | {"n": RSA.jwk["n"] + "=="},
    "even exponent": RSA.jwk | {"e": encoded(b"\x02")},
    "exponent of one": RSA.jwk | {"e": encoded(b"\x01")},
    "huge exponent": RSA.jwk | {"e": encoded(b"\x01" * 9)},
    "point not on the curve": K1 | {"y": encoded(b"\x01" * 32)},
    "point at the origin": K1 | {"x": encoded(bytes(32)), "y": encoded(bytes(32))},
    "coordinate too large": K1 | {"x": encoded(b"\xff" * 32)},
    "coordinate too short": K1 | {"x": encoded(b"\x01" * 31)},
    "coordinate too long": K1 | {"x": encoded(bytes(1) + b"\x01" * 32)},
    "wrong curve": K1 | {"crv": "P-384"},
    "unknown curve": K1 | {"crv": "secp256k1"},
    "no curve": _without(K1, "crv"),
    "curve of another type": ED.jwk | {"crv": "X25519"},
    "short Ed25519": ED.jwk | {"x": encoded(bytes(31))},
    "short secret": {"kty": "oct", "k": encoded(bytes(31))},
    "empty secret": {"kty": "oct", "k": ""},
    "secret among public keys": {"kty": "oct", "k": encoded(bytes(32))},
}


@pytest.mark.parametrize("name", BAD_KEYS)
def test_an_unusable_key_is_left_out_and_named(name: str) -> None:
    """The other keys of the set are used, because one bad key must not be an outage."""
    found = read_key_set(json.dumps({"keys": [BAD_KEYS[name], EC.jwk]}).encode())
    assert [key.key_id for key in found.keys.keys] == ["e1"]
    assert len(found.faults) == 1
    assert found.faults[0].startswith("key 1: ")


BAD_SETS: Final[dict[str, bytes]] = {
    "HTML": b"<html><body>Sign in</body></html>",
    "nothing": b"",
    "a list": json.dumps([RSA.jwk]).encode(),
    "one key": json.dumps(RSA.jwk).encode(),
    "keys is an object": json.dumps({"keys": {"k1": RSA.jwk}}).encode(),
    "no keys": b'{"keys":[]}',
    "unusable keys only": key_set(SHORT, {"kty": "?"}),
    "a member twice": b'{"keys":[],' + key_set(RSA.jwk)[1:],
    "deep": b'{"keys":' + b"[" * 3_000 + b"]" * 3_000 + b"}",
    "not UTF-8": b'{"keys":["\xff"]}',
}


@pytest.mark.parametrize("name", BAD_SETS)
def test_a_document_without_a_usable_key_is_an_error(name: str) -> None:
    """Then the last good set stays in use."""
    with pytest.raises(ValueError, match=r"."):
        read_key_set(BAD_SETS[name])


def test_only_a_secret_among_public_keys_is_called_so() -> None:
    """The operator reads what is really wrong."""
    secret = {"kty": "oct", "k": encoded(bytes(32))}
    found = read_key_set(json.dumps({"keys": ["RS256", secret, EC.jwk]}).encode())
    assert found.faults[0] == "key 1: it is not an object"
    assert "secret among public keys" in found.faults[1]
    alone = read_key_set(json.dumps({"keys": ["RS256", secret, {"kty": "?"}]}).encode())
    assert [key.algorithms for key in alone.keys.keys] == [frozenset({"HS256"})]


def test_a_very_long_set_is_cut() -> None:
    """Time and memory are bounded, and the operator is told."""
    found = read_key_set(key_set(*[ED.jwk] * (MAX_KEYS + 1)))
    assert len(found.keys.keys) == MAX_KEYS
    assert "only the first" in found.faults[0]


def test_the_algorithm_of_a_key_is_respected() -> None:
    """A key for RS256 verifies no PS256 (RFC 7517, section 4.4)."""
    assert read_key(RSA.jwk | {"alg": "RS256"}).algorithms == {"RS256"}
    assert read_key(ED.jwk | {"alg": "EdDSA"}).algorithms == {"EdDSA", "Ed25519"}


def test_a_key_verifies_nothing_with_an_algorithm_of_another_type() -> None:
    """The key refuses by itself, even if the selection of keys has a fault."""
    assert not read_key(RSA.jwk).verifies("ES256", bytes(64), b"message")


def test_a_secret_must_be_as_long_as_the_hash() -> None:
    """RFC 7518, section 3.2."""
    assert read_secret("s" * 48).keys[0].algorithms == {"HS256", "HS384"}
    with pytest.raises(ValueError, match="shorter than 32 octets"):
        read_secret("your-256-bit-secret")


def _certificate() -> str:
    key = RSA.key
    assert isinstance(key, rsa.RSAPrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "issuer")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def _pkcs1() -> str:
    assert isinstance(RSA.key, rsa.RSAPrivateKey)
    return RSA.key.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()


PEM: Final = public_pem(RSA.key)
TEXTS: Final[dict[str, str]] = {
    "PEM": PEM,
    "PEM in one line": PEM.replace("\n", " "),
    "PEM with escaped line breaks": PEM.replace("\n", "\\n"),
    "PEM with other line breaks": PEM.replace("\n", "\r\n"),
    "PEM without its lines": "".join(PEM.splitlines()[1:-1]),
    "PKCS 1": _pkcs1(),
    "certificate": _certificate(),
    "certificates": _certificate() + _certificate(),
    "JWK": json.dumps(RSA.jwk | {"kid": "another"}),
    "JWK set": key_set(EC.jwk, RSA.jwk).decode(),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_public_key_is_read_in_each_form(name: str) -> None:
    """Admins have keys in many forms."""
    keys = read_public_key(TEXTS[name])
    authenticate(RSA.token({"sub": "s"}), {"RS256"}, keys)


def _private() -> str:
    assert isinstance(RSA.key, rsa.RSAPrivateKey)
    pem = RSA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def test_a_private_key_is_refused() -> None:
    """Otherwise anyone who can read the policy could sign tokens."""
    with pytest.raises(ValueError, match="private"):
        read_public_key(_private())


@given(st.text() | st.binary().map(encoded) | st.sampled_from([PEM[:100], PEM[50:], "{}", "{"]))
def test_a_text_that_is_no_key_is_an_error_without_the_text(text: str) -> None:
    """It might be a secret in the wrong place."""
    with pytest.raises(ValueError, match=r".") as raised:
        read_public_key(text)
    assert len(text) < 8 or text not in str(raised.value)


def _for_key_exchange() -> str:
    public = x25519.X25519PrivateKey.generate().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a" * (MAX_CHARS + 1), "longer than"),
        (PEM.replace("PUBLIC KEY", "CERTIFICATE REQUEST"), "PEM"),
        (_for_key_exchange(), "not supported"),
    ],
    ids=["too long", "another kind of PEM", "X25519"],
)
def test_a_key_that_cannot_be_used_is_an_error(text: str, fault: str) -> None:
    """The text is bounded, and only keys for signatures of tokens are taken."""
    with pytest.raises(ValueError, match=fault):
        read_public_key(text)


def test_a_very_long_secret_is_an_error() -> None:
    """A secret is as bounded as a key."""
    with pytest.raises(ValueError, match="longer than"):
        read_secret("s" * (MAX_CHARS + 1))
