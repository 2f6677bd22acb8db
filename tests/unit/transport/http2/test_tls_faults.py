"""Which word a failed TLS handshake gets; tests/e2e shows it with real Envoys."""

import ssl

import pytest

from adapter.transport.http2.tls_faults import kind_of


def failed(reason: str | None) -> ssl.SSLError:
    """An error with OpenSSL's reason."""
    error = ssl.SSLError(1, "failed")
    error.reason = reason  # type: ignore[assignment] # it is None for some errors
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (failed("PEER_DID_NOT_RETURN_A_CERTIFICATE"), "tls_certificate_missing"),
        (failed("CERTIFICATE_VERIFY_FAILED"), "tls_certificate_not_trusted"),
        (failed("HTTP_REQUEST"), "no_tls"),
        (failed("TLSV1_ALERT_UNKNOWN_CA"), "tls_our_certificate_refused"),
        (failed("TLSV1_ALERT_DECRYPT_ERROR"), "tls_our_certificate_refused"),
        (failed("SSLV3_ALERT_BAD_CERTIFICATE"), "tls_our_certificate_refused"),
        (failed("TLSV1_ALERT_PROTOCOL_VERSION"), "tls_mismatch"),
        (failed("NO_SHARED_CIPHER"), "tls_mismatch"),
        (failed(None), "tls_handshake"),
        (ConnectionResetError(), "tls_handshake"),
        (TimeoutError(), "tls_handshake"),
        (None, "tls_handshake"),
    ],
)
def test_kinds(error: BaseException | None, kind: str) -> None:
    """A client that says nothing may be a probe, so it is no refusal."""
    assert kind_of(error) == kind
