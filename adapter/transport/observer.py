"""Observes the transport, to count what happens."""


class TransportObserver:
    """Base class of observers; its method does nothing. Overrides must not block or raise."""

    def call_failed(self, path: str, code: int) -> None:
        """A call of that method ended with a gRPC status other than OK."""
