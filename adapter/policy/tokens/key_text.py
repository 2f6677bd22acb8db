"""Keys that an admin wrote into a policy: PEM, a JWK, or a secret."""

import binascii
import re
from base64 import b64decode
from typing import Final, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate

from adapter.policy.tokens.algorithms import Material
from adapter.policy.tokens.jwk import read_key, read_key_set
from adapter.policy.tokens.keys import KeySet, VerificationKey, algorithms_of
from adapter.policy.tokens.strict_json import strict_object

MAX_CHARS: Final = 65_536

_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----")
_LABELS: Final = frozenset({"PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE"})
_SPACE: Final = re.compile(r"\s|\\[rn]")
"""White space, and line breaks that were escaped on their way through JSON or a form."""


def read_public_key(text: str) -> KeySet:
    """Read a PEM public key, a PEM certificate, a JWK or a JWK set. Raises ValueError.

    Line breaks do not matter, and the lines `-----BEGIN ...-----` may be missing, because forms of
    the platform accept such keys. Of several certificates, the first counts.
    """
    if len(text) > MAX_CHARS:
        raise ValueError(f"the key is longer than {MAX_CHARS:,} characters")
    text = text.strip()
    if text.startswith("{"):
        return _from_json(text.encode())
    if "PRIVATE KEY-----" in text:
        raise ValueError("the key is private; give the public key only, and replace this one")
    material = _material(_der(text))
    return KeySet([VerificationKey(material, algorithms_of(material))])


def read_secret(text: str) -> KeySet:
    """Take the secret of an HMAC as given, in UTF-8. Raises ValueError if it is too short."""
    if len(text) > MAX_CHARS:
        raise ValueError(f"the secret is longer than {MAX_CHARS:,} characters")
    secret = text.encode()
    return KeySet([VerificationKey(secret, algorithms_of(secret))])


def _from_json(octets: bytes) -> KeySet:
    document = strict_object(octets)
    if "keys" in document:
        return read_key_set(octets).keys
    return KeySet([read_key(document).without_id()])


def _der(text: str) -> bytes:
    block = _BLOCK.search(text)
    if block is not None and block.group(1) not in _LABELS:
        raise _unreadable()
    try:
        return b64decode(_SPACE.sub("", block.group(2) if block else text), validate=True)
    except (binascii.Error, ValueError):
        raise _unreadable() from None


def _material(der: bytes) -> Material:
    for load in (
        load_der_public_key,
        lambda octets: load_der_x509_certificate(octets).public_key(),
    ):
        try:
            return cast(Material, load(der))
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    raise _unreadable()


def _unreadable() -> ValueError:
    return ValueError(
        "the key cannot be read; give a PEM public key (-----BEGIN PUBLIC KEY-----), a PEM "
        "certificate, or a JWK"
    )
