# mypyc: compiled
"""The shared secret with which Envoy identifies itself to the server."""

import hmac
from typing import Final

from adapter.transport.service import Metadata

TOKEN_METADATA: Final = "x-adapter-token"  # noqa: S105 - the name of the metadata, not the secret
UNKNOWN_CALLER: Final = f"{TOKEN_METADATA} is wrong or missing; set it in Envoy's initial_metadata"
"""The message for a call without the right token."""


class CallerToken:
    """Compares the token in a call's metadata with ours. None: no token is required."""

    def __init__(self, token: str | None) -> None:
        self._expected = token.encode() if token else None
        # %% stands for % in Envoy's configuration. Envoy replaces it in Checks only, not in logs.
        self._in_logs = token.replace("%", "%%").encode() if token and "%" in token else None

    def is_in(self, metadata: Metadata) -> bool:
        """Whether the call has the token; takes the same time for every wrong token."""
        if self._expected is None:
            return True
        given = metadata.get(TOKEN_METADATA, "").encode(errors="replace")
        return hmac.compare_digest(given, self._expected) or (
            self._in_logs is not None and hmac.compare_digest(given, self._in_logs)
        )


ANYONE: Final = CallerToken(None)
"""Requires no token."""
