"""The shared secret by which a service knows its Envoy."""

import hmac

from adapter.errors import RpcError
from adapter.transport.service import Metadata, StatusCode

TOKEN_METADATA = "x-adapter-token"  # noqa: S105 - the name of the metadata, not the secret


class CallerToken:
    """Compares the token that a call brings in its metadata with ours; None asks for none."""

    def __init__(self, token: str | None) -> None:
        self._expected = token.encode() if token else None
        self._verified: Metadata | None = None
        """Calls whose field block was remembered share their metadata, which never changes."""

    def verify(self, metadata: Metadata) -> None:
        """Raise RpcError UNAUTHENTICATED for a wrong or missing token, in constant time."""
        if self._expected is None or metadata is self._verified:
            return
        given = metadata.get(TOKEN_METADATA, "").encode(errors="replace")
        if not hmac.compare_digest(given, self._expected):
            raise RpcError(
                StatusCode.UNAUTHENTICATED,
                f"{TOKEN_METADATA} is wrong or missing; set it in Envoy's initial_metadata",
            )
        self._verified = metadata
