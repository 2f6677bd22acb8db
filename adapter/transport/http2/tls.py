"""TLS for a listener (RFC 9113, 9.2)."""

import ssl
from pathlib import Path

from adapter.errors import ConfigurationError
from adapter.runtime.system_errors import system_words

_TLS12_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""The TLS 1.2 ciphers that RFC 9113, appendix A, allows. All TLS 1.3 ciphers are allowed."""


def server_context(
    certificate_file: Path, key_file: Path, client_ca_file: Path | None = None
) -> ssl.SSLContext:
    """A context for TLS 1.2 or newer with ALPN `h2`. With a CA file, clients need a certificate.

    Raises ConfigurationError if a file cannot be read or used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(_TLS12_CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["h2"])
    try:
        context.load_cert_chain(certificate_file, key_file)
        if client_ca_file is not None:
            context.load_verify_locations(client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as e:
        files = ", ".join(
            str(file) for file in (certificate_file, key_file, client_ca_file) if file
        )
        raise ConfigurationError(f"TLS: one of {files} cannot be used: {system_words(e)}") from e
    return context
