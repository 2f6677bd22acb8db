"""Which certificates of identity providers are trusted, and which one of ours they see."""

import asyncio
import ssl
from pathlib import Path

from adapter.errors import ProviderError
from adapter.runtime.authorities import authorities
from adapter.runtime.system_errors import system_words


class ProviderTls:
    """A context that verifies certificates against these CAs, and shows our certificate.

    `ca_file` None: the same CAs as for the platform. It is made in a thread when it is first
    needed, because reading all CAs takes long. Connections that are open keep their context when
    it is renewed.
    """

    def __init__(
        self,
        ca_file: Path | None,
        certificate_file: Path | None = None,
        key_file: Path | None = None,
    ) -> None:
        self._files = ca_file, certificate_file, key_file
        self._made: ssl.SSLContext | None = None
        self._making = asyncio.Lock()

    async def current(self) -> ssl.SSLContext:
        """The context for new connections; raises ProviderError if a file cannot be read."""
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(_made, *self._files)
            return self._made

    async def renew(self) -> None:
        """Read the files again, if they were read; raises ProviderError and keeps what it has."""
        async with self._making:
            if self._made is not None:
                self._made = await asyncio.to_thread(_made, *self._files)


def _made(
    ca_file: Path | None, certificate_file: Path | None, key_file: Path | None
) -> ssl.SSLContext:
    try:
        context = authorities(ca_file)
        if certificate_file is not None:
            context.load_cert_chain(certificate_file, key_file)
    except OSError as e:
        raise ProviderError(
            "the certificates for identity providers cannot be read; check ca_file, "
            f"certificate_file and key_file of the group identity: {system_words(e)}"
        ) from None
    return context
