"""How a server listens and stops, whichever it is."""

from dataclasses import dataclass

from adapter.transport.caller_token import ANYONE, CallerToken


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server listens and stops; `adapter.transport.addresses` says what an address is."""

    addresses: tuple[str, ...]
    socket_mode: int = 0o660
    socket_group: str | None = None
    receive_limit_bytes: int = 4 * 1024 * 1024
    """The largest message taken; has to fit the filter's `with_request_body.max_request_bytes`."""
    held_limit_bytes: int = 128 * 1024 * 1024
    """Of all messages that are not whole or not answered yet (asyncio transport)."""
    max_connections: int = 1024
    token: CallerToken = ANYONE
    """What calls have to bring."""
    drain_s: float = 2.5
    """From NOT_SERVING to the end of the client streams: longer than Envoy's health check interval
    and timeout together, so that it sends its Checks elsewhere by then."""
    stream_end_s: float = 1.5
    """How long a client stream may wait for its last message: longer than Envoy flushes."""
    stop_s: float = 5.0
    """How long calls may still take after that."""
