"""The certificate authorities to trust."""

import os
import ssl
from pathlib import Path


def authorities(ca_file: Path | None = None) -> ssl.SSLContext:
    """Trust the CAs of a file; of SSL_CERT_FILE or SSL_CERT_DIR; otherwise Mozilla's list.

    Raises OSError if they cannot be read.
    """
    import certifi  # noqa: PLC0415 - takes time at the start, and is often not needed

    file, directory = ca_file or os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or not directory:
        context = ssl.create_default_context(cafile=file or certifi.where())
    else:
        context = ssl.create_default_context(capath=directory)
    context.set_alpn_protocols(["http/1.1"])
    return context
