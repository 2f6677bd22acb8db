"""Says what went wrong in a TLS handshake, as a member of `limits.KINDS`."""

import ssl
from collections.abc import Mapping
from typing import Final

_KINDS: Final[Mapping[str, str]] = {
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "tls_certificate_missing",
    "CERTIFICATE_VERIFY_FAILED": "tls_certificate_not_trusted",
    "WRONG_VERSION_NUMBER": "no_tls",
    "HTTP_REQUEST": "no_tls",
}
"""By OpenSSL's reason. A client without TLS sends text where a TLS record is expected."""
_OF_CERTIFICATES: Final = ("CERTIFICATE", "UNKNOWN_CA", "DECRYPT_ERROR")
"""In the reason of an alert: the client does not accept our certificate (RFC 8446, 6.2). The last
one also means that the client trusts another CA of the same name."""


def kind_of(error: BaseException | None) -> str:
    """The kind of a failed handshake.

    A client that closes the connection without an alert gives no reason. It may be a probe.
    """
    reason = getattr(error, "reason", None) if isinstance(error, ssl.SSLError) else None
    if not isinstance(reason, str):
        return "tls_handshake"
    if "ALERT" in reason:
        refused = any(word in reason for word in _OF_CERTIFICATES)
        return "tls_our_certificate_refused" if refused else "tls_mismatch"
    return _KINDS.get(reason, "tls_mismatch")
