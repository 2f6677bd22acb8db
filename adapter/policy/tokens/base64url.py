"""Base64url without padding (RFC 7515, section 2), in its canonical form only."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode


def decoded(text: str) -> bytes:
    """Decode the text. Raises ValueError unless it is the one canonical encoding of its octets.

    Two texts with the same octets would be two tokens with the same signature, so padding, other
    characters and unused bits that are not zero are refused.
    """
    try:
        given = text.encode("ascii")
        octets = urlsafe_b64decode(given + b"=" * (-len(given) % 4))
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64url") from None
    if encoded(octets) != text:
        raise ValueError("not canonical base64url")
    return octets


def encoded(octets: bytes) -> str:
    """Encode octets without padding."""
    return urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")
