"""Which certificates of identity providers are trusted."""

import os
import ssl
from pathlib import Path

import certifi

from adapter.errors import ProviderError


def provider_tls(ca_file: Path | None) -> ssl.SSLContext:
    """A context that verifies certificates against these CAs.

    None: the CAs in SSL_CERT_FILE or SSL_CERT_DIR, otherwise Mozilla's. Reads files, so call it in
    a thread. Raises ProviderError.
    """
    file = ca_file or os.environ.get("SSL_CERT_FILE")
    directory = os.environ.get("SSL_CERT_DIR")
    try:
        if file or not directory:
            return ssl.create_default_context(cafile=file or certifi.where())
        return ssl.create_default_context(capath=directory)
    except OSError as e:
        raise ProviderError(f"the CAs of identity providers cannot be read: {e}") from None
