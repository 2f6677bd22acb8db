"""An HTTP listener for operators and orchestrators."""

import asyncio
from collections.abc import Iterable

from adapter.errors import ConfigurationError
from adapter.operations.http1 import HttpConnection
from adapter.operations.routes import Route


class OperatorListener:
    """Serves some routes on one address; start and stop it once each."""

    def __init__(self, address: str, routes: Iterable[Route]) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._routes = tuple(routes)
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> str:
        """Bind and serve; return `HOST:PORT` as bound. Raises ConfigurationError if taken."""
        host = self._host.strip("[]")
        try:
            self._server = await asyncio.start_server(self._connected, host, self._port)
        except OSError as e:
            raise ConfigurationError(f"cannot listen on {self._host}:{self._port}: {e}") from None
        return f"{self._host}:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        """Close the listener, and what is left of its connections."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = HttpConnection(self._routes, reader, writer)
        task = asyncio.create_task(connection.run())
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
