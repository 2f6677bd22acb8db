"""How a server listens and stops."""

from dataclasses import dataclass

from adapter.transport.caller_token import CallerToken


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """How a server listens and stops, whichever transport it uses."""

    addresses: tuple[str, ...]
    """See `adapter.transport.addresses` for the forms of an address."""
    socket_mode: int
    socket_group: str | None
    receive_limit_bytes: int
    """Largest message accepted. Must exceed `max_request_bytes` of the filter's
    `with_request_body`."""
    held_limit_bytes: int
    """Total size of messages that are incomplete or not answered yet (asyncio transport)."""
    max_connections: int
    token: CallerToken
    """The token that calls must carry."""
    drain_s: float
    """Time from NOT_SERVING to the end of the client streams. It must exceed Envoy's health check
    interval and timeout together, so that Envoy sends its Checks elsewhere by then."""
    stop_s: float
    """Longest time that calls may take after that."""
    stream_end_s: float = 1.5
    """Longest wait for a client stream's last message: longer than Envoy's flush interval."""
