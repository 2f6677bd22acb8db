"""The certificate authorities to trust when nothing else is configured."""

import os
import ssl


def authorities() -> ssl.SSLContext:
    """Trust SSL_CERT_FILE or SSL_CERT_DIR of the environment, otherwise Mozilla's list.

    Raises OSError if they cannot be read.
    """
    file, directory = _places()
    context = ssl.create_default_context(cafile=file, capath=directory)
    context.set_alpn_protocols(["http/1.1"])
    return context


def trust_again(context: ssl.SSLContext) -> None:
    """Add the CAs that are there now to a context of `authorities`; raises OSError.

    CAs that are no longer there stay trusted until the process ends.
    """
    file, directory = _places()
    context.load_verify_locations(cafile=file, capath=directory)


def _places() -> tuple[str | None, str | None]:
    """A file and a directory with CAs; one of them is None."""
    import certifi  # noqa: PLC0415 - takes time at the start, and is often not needed

    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or not directory:
        return file or certifi.where(), None
    return None, directory
