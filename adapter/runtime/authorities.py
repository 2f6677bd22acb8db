"""The certificate authorities to trust when nothing else is configured."""

import os
import ssl


def authorities() -> ssl.SSLContext:
    """Trust SSL_CERT_FILE or SSL_CERT_DIR of the environment, otherwise Mozilla's list.

    Raises OSError if they cannot be read.
    """
    import certifi  # noqa: PLC0415 - takes time at the start, and is often not needed

    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or not directory:
        context = ssl.create_default_context(cafile=file or certifi.where())
    else:
        context = ssl.create_default_context(capath=directory)
    context.set_alpn_protocols(["http/1.1"])
    return context
