"""The asyncio server: listens, sweeps its connections, drains them."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from adapter.clock import Clock
from adapter.transport.failures import FailureReport
from adapter.transport.http2.calls import Route
from adapter.transport.http2.connection import Connection
from adapter.transport.http2.health import Health
from adapter.transport.http2.huffman import HuffmanDecoder
from adapter.transport.http2.limits import Limits, no_counts
from adapter.transport.http2.listener import Listener
from adapter.transport.options import ServerOptions
from adapter.transport.service import Method, TransportObserver


class AsyncioServer:
    """Carries methods on asyncio; see `service.Server`."""

    def __init__(
        self,
        methods: Iterable[Method],
        options: ServerOptions,
        observer: TransportObserver,
        clock: Clock,
        *,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._options = options
        self._limits = limits or Limits(max_message_bytes=options.receive_limit_bytes)
        self._tls = tls
        self._clock = clock
        self._failures = FailureReport(observer, clock)
        self._health = Health()
        routes: Iterable[Route] = (*methods, *self._health.methods)
        self._routes = {route.path: route for route in routes}
        self._huffman = HuffmanDecoder()
        self._counters = no_counts()
        self._connections: set[Connection] = set()
        self._listeners: list[Listener] = []
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """See `service.Server`."""
        return tuple(listener.address for listener in self._listeners)

    @property
    def counters(self) -> Mapping[str, int]:
        """How often a peer went beyond a limit, by `limits.KINDS`."""
        return MappingProxyType(self._counters)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def start(self) -> None:
        """See `service.Server`."""
        options = self._options
        try:
            for address in options.addresses:
                listener = Listener(address, options.socket_mode, options.socket_group)
                self._listeners.append(listener)
                await listener.serve(self._connection, self._tls)
        except BaseException:
            self._stop_listening()
            raise
        self._sweeping = asyncio.create_task(self._sweep_forever(), name="transport.sweep")

    async def set_serving(self, serving: bool) -> None:
        """See `service.Server`."""
        self._health.set_serving(serving)

    async def drain_and_stop(self) -> None:
        """See `service.Server`."""
        if self._sweeping is None:
            return
        self._health.leave()
        await self._clock.sleep(self._options.drain_s)
        self._stop_listening()
        for connection in tuple(self._connections):
            connection.drain()
        await self._all_closed(self._options.stop_s)
        self._sweeping.cancel()
        self._sweeping = None

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    def _connection(self) -> Connection:
        return Connection(
            self._routes,
            self._limits,
            self._huffman,
            self._failures,
            self._counters,
            self._connections,
        )

    async def _all_closed(self, within_s: float) -> None:
        closed = asyncio.gather(*(connection.closed for connection in self._connections))
        late = asyncio.ensure_future(self._clock.sleep(within_s))
        either: set[asyncio.Future[Any]] = {closed, late}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        for connection in tuple(self._connections):
            connection.abort()
        await closed

    async def _sweep_forever(self) -> None:
        while True:
            await self._clock.sleep(self._limits.sweep_s)
            for connection in tuple(self._connections):
                connection.sweep()
