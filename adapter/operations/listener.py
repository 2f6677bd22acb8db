"""An HTTP listener for operators and orchestrators."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

import structlog

from adapter.operations.http1 import HttpConnection, Patience
from adapter.operations.routes import Route
from adapter.runtime.clock import Clock
from adapter.transport.acceptor import AcceptFailures
from adapter.transport.listener import Listener

MAX_CONNECTIONS: Final = 32
"""Few, because each takes a file descriptor that the gRPC server may need."""
FAULTS: Final = (
    "connections",  # more than MAX_CONNECTIONS; the one that has waited longest is closed
    "slow_request",  # a request that is not complete in time
    "slow_reader",  # an answer that the client does not take in time
    "descriptors",  # no file descriptor was left for a connection
)


class OperatorListener:
    """Serves routes on one address. Start and stop it once.

    `any_host`: whether requests may use any host name; see `hosts.names_this_machine`.
    """

    def __init__(
        self,
        address: str,
        routes: Iterable[Route],
        clock: Clock,
        *,
        any_host: bool = True,
        patience: Patience | None = None,
    ) -> None:
        self._address = address
        self._routes = tuple(routes)
        self._clock = clock
        self._any_host = any_host
        self._patience = patience or Patience()
        self._listener: Listener | None = None
        self._clients: dict[_Client, None] = {}
        """In the order of their arrival."""
        self._faults = dict.fromkeys(FAULTS, 0)

    @property
    def faults(self) -> Mapping[str, int]:
        """How often clients violated each limit of `FAULTS`."""
        return MappingProxyType(self._faults)

    def bind(self) -> str:
        """Bind the address, and return `HOST:PORT`; connections wait until `start`.

        Raises ConfigurationError if the address cannot be bound.
        """
        self._listener = self._listener or Listener(self._address)
        return self._listener.address

    async def start(self) -> str:
        """Serve, after `bind` if that was not called; return `HOST:PORT`."""
        address = self.bind()
        failures = AcceptFailures(self._clock, lambda: self._count("descriptors"))
        if self._listener is not None:
            self._listener.accept(self._welcome, failures)
        return address

    async def stop(self) -> None:
        """Close the listener and all its connections."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        clients = tuple(self._clients)
        for client in clients:
            client.task.cancel()
        await asyncio.gather(*(client.task for client in clients), return_exceptions=True)

    def _welcome(self, accepted: socket.socket) -> None:
        if len(self._clients) >= MAX_CONNECTIONS and not self._make_room():
            accepted.close()
            return
        client = _Client(accepted, self._connection)
        self._clients[client] = None
        client.task.add_done_callback(lambda _: self._gone(client))

    def _connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> HttpConnection:
        return HttpConnection(self._routes, reader, writer, self._patience, any_host=self._any_host)

    def _make_room(self) -> bool:
        """Close the connection that has waited longest without a complete request, if any."""
        self._count("connections")
        for client in self._clients:
            if not client.answering:
                del self._clients[client]
                client.task.cancel()
                return True
        return False

    def _gone(self, client: "_Client") -> None:
        self._clients.pop(client, None)
        if client.fault:
            self._count(client.fault)

    def _count(self, fault: str) -> None:
        self._faults[fault] += 1


class _Client:
    """An accepted socket and the task that serves it."""

    def __init__(
        self,
        accepted: socket.socket,
        make: Callable[[asyncio.StreamReader, asyncio.StreamWriter], HttpConnection],
    ) -> None:
        self._accepted = accepted
        self._make = make
        self._connection: HttpConnection | None = None
        self.fault = ""
        """The member of `FAULTS` that ended it; empty if none."""
        self.task = asyncio.create_task(self._serve())
        self.task.add_done_callback(self._close)

    @property
    def answering(self) -> bool:
        """Whether it has sent a request and has no answer yet."""
        return self._connection is not None and self._connection.answering

    async def _serve(self) -> None:
        reader, writer = await asyncio.open_connection(sock=self._accepted)
        self._connection = self._make(reader, writer)
        self.fault = await self._connection.run()

    def _close(self, task: "asyncio.Task[None]") -> None:
        if self._connection is None:  # otherwise the connection closes the socket
            self._accepted.close()
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            structlog.get_logger().warning("operations.connection_failed", error=repr(error))
