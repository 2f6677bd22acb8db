"""The shared secret by which a service knows its Envoy."""

import hmac

from adapter.errors import RpcError
from adapter.transport.service import Metadata, StatusCode

TOKEN_METADATA = "x-adapter-token"  # noqa: S105 - the name of the metadata, not the secret


class CallerToken:
    """Compares the token that a call brings in its metadata with ours; None asks for none."""

    def __init__(self, token: str | None) -> None:
        self._expected = token.encode() if token else None
        self._verified = ""
        """The very text that was right: calls with the same fields share it (`Metadata`)."""

    def verify(self, metadata: Metadata) -> None:
        """Raise RpcError UNAUTHENTICATED for a wrong or missing token, in constant time."""
        if self._expected is None:
            return
        given = metadata.get(TOKEN_METADATA, "")
        if given is self._verified and given:
            return
        if not hmac.compare_digest(given.encode(errors="replace"), self._expected):
            raise RpcError(
                StatusCode.UNAUTHENTICATED,
                f"{TOKEN_METADATA} is wrong or missing; set it in Envoy's initial_metadata",
            )
        self._verified = given
