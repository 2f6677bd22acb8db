# mypyc: compiled
"""Reads credentials of HTTP basic authentication (RFC 7617)."""

import base64
import binascii
import re
from typing import Final, NamedTuple

from adapter.policy.evaluation import Evaluation
from adapter.policy.verdicts import Deny, DenyReason, Header

CHALLENGE: Final = 'Basic realm="mule-realm"'
"""What the vendor's gateways put into `www-authenticate`."""

NO_COLON: Final = "must not contain a colon, because a colon ends it (RFC 7617, 2)"
CONTROL_CHARACTERS: Final = "must not contain control characters (RFC 7617, 2)"
"""Faults of a user name or a password in a configuration."""

MALFORMED: Final = b""
"""What `basic_octets` returns for credentials that cannot be read."""

_BASIC: Final = re.compile(r"(?i:basic) +([A-Za-z0-9+/]+={0,2})")
_MOST_CHARS: Final = 4_096
"""Characters of an `authorization` header; names and passwords have a few dozen. Decoding a header
as long as a request would take up to half a millisecond, during which no other Check is answered.
"""
_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")
_HEADERS: Final[tuple[Header, ...]] = (("www-authenticate", CHALLENGE),)

USER_MISSING: Final = Deny(
    DenyReason.CREDENTIALS_MISSING,
    401,
    "User name and password are not present",
    "the policy reads user name and password from the header authorization (Basic), and the "
    "request has none there",
    _HEADERS,
)


def invalid_user(detail: str) -> Deny:
    """The denial of a user's credentials. Clients do not see `detail`."""
    return Deny(
        DenyReason.CREDENTIALS_INVALID, 401, "Invalid user name or password", detail, _HEADERS
    )


MALFORMED_USER: Final = invalid_user("the credentials are malformed")


def basic_octets(evaluation: Evaluation) -> bytes | None:
    """The decoded credentials, `name:password`.

    None: the request has no basic credentials. `MALFORMED`: it has some, but they are not base64,
    have no colon or have control characters (RFC 7617, 2).
    """
    header = evaluation.header("authorization")
    if header is None or f"{header[:6].lower()} "[:6] != "basic ":
        return None
    if len(header) > _MOST_CHARS:
        return MALFORMED
    match = _BASIC.fullmatch(header)
    if match is None:
        return MALFORMED
    try:
        octets = base64.b64decode(match.group(1), validate=True)
    except binascii.Error:
        return MALFORMED
    return MALFORMED if b":" not in octets or _CONTROL.search(octets) else octets


class UserPassword(NamedTuple):
    """A user's name and password. Not verified yet."""

    name: str
    password: str


def user_password(evaluation: Evaluation) -> UserPassword | Deny:
    """The user's name and password from the request, in UTF-8, or else in Latin-1.

    Clients that do not know RFC 7617 send Latin-1. Such octets are almost never valid UTF-8.
    """
    octets = basic_octets(evaluation)
    if octets is None:
        return USER_MISSING
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        text = octets.decode("latin-1")
    name, colon, password = text.partition(":")
    return UserPassword(name, password) if colon and name else MALFORMED_USER
