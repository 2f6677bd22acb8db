"""An accepted client before it becomes a connection: during the TLS handshake, if any."""

import asyncio
import socket
import ssl

from adapter.transport.http2.connection import Connection
from adapter.transport.http2.shared import Shared
from adapter.transport.http2.tls_faults import kind_of
from adapter.transport.peer_name import peer_name


class Arrival:
    """Becomes a `Connection`, unless it is aborted or its handshake takes too long."""

    def __init__(self, accepted: socket.socket, shared: Shared, tls: ssl.SSLContext | None) -> None:
        self._accepted = accepted
        self._peer = peer_name(accepted)
        self._shared = shared
        self._tls = tls
        self.closed = asyncio.get_running_loop().create_task(self._arrive())
        """Done when it has become a connection, or is closed."""
        self.closed.add_done_callback(self._arrived)
        shared.guests.enter(self)

    def sweep(self) -> None:
        """Does nothing, because the handshake has its own time limit."""

    def drain(self) -> None:
        """Abort. No call is in progress, so nothing is lost."""
        self.abort()

    def abort(self) -> None:
        """Cancel the handshake."""
        self.closed.cancel()

    async def _arrive(self) -> None:
        if self._accepted.family != socket.AF_UNIX:
            self._accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        patience_s = self._shared.limits.handshake_s if self._tls is not None else None
        await asyncio.get_running_loop().connect_accepted_socket(
            lambda: Connection(self._shared),
            self._accepted,
            ssl=self._tls,
            ssl_handshake_timeout=patience_s,
        )

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        self._shared.guests.leave(self)
        if not task.cancelled() and task.exception() is None:
            return
        self._accepted.close()
        if self._tls is not None and not task.cancelled():
            error = task.exception()
            reason = getattr(error, "reason", None) or ""
            self._shared.count(kind_of(error), self._peer, str(reason))
