"""Which certificates of identity providers are trusted, and which one of ours they see."""

import ssl
from pathlib import Path

from adapter.errors import ProviderError
from adapter.runtime.authorities import authorities
from adapter.runtime.system_errors import system_words


def provider_tls(
    ca_file: Path | None, certificate_file: Path | None = None, key_file: Path | None = None
) -> ssl.SSLContext:
    """A context that verifies certificates against these CAs.

    None: the same CAs as for the platform. Reads files, so call it in a thread. Raises
    ProviderError.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file) if ca_file else authorities()
        if certificate_file is not None:
            context.load_cert_chain(certificate_file, key_file)
    except OSError as e:
        raise ProviderError(
            "the certificates for identity providers cannot be read; check ca_file, "
            f"certificate_file and key_file of the group identity: {system_words(e)}"
        ) from None
    return context
