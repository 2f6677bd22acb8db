"""What happens in the transport, for those who count it."""


class TransportObserver:
    """Base class of observers; its method does nothing. It must neither block nor raise."""

    def call_failed(self, path: str, code: int) -> None:
        """A call of that method ended with a gRPC status other than OK."""
