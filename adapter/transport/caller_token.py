# mypyc: compiled
"""The shared secret by which a server knows its Envoy."""

import hmac
from typing import Final

from adapter.transport.service import Metadata

TOKEN_METADATA: Final = "x-adapter-token"  # noqa: S105 - the name of the metadata, not the secret
UNKNOWN_CALLER: Final = f"{TOKEN_METADATA} is wrong or missing; set it in Envoy's initial_metadata"
"""What a call without the right token is told."""


class CallerToken:
    """Compares the token that a call brings in its metadata with ours; None asks for none."""

    def __init__(self, token: str | None) -> None:
        self._expected = token.encode() if token else None

    def is_in(self, metadata: Metadata) -> bool:
        """Whether the call brings the token; takes the same time whatever it brings."""
        if self._expected is None:
            return True
        given = metadata.get(TOKEN_METADATA, "").encode(errors="replace")
        return hmac.compare_digest(given, self._expected)


ANYONE: Final = CallerToken(None)
"""Asks for no token."""
