"""Observes the transport, to count what happens."""


class TransportObserver:
    """Base class of observers; its method does nothing. Overrides must not block or raise."""

    def call_failed(self, path: str, code: int) -> None:
        """A call of that method ended with a gRPC status other than OK."""

    def caller_refused(self, kind: str, peer: str, detail: str) -> None:
        """A client did not get in.

        `kind` is a member of `http2.limits.REFUSALS`, `peer` the client's address, and `detail` may
        say more; it is bounded, but the client may have chosen it.
        """
