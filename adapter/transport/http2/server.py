"""The asyncio server: listens, sweeps its connections, drains them."""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from adapter.runtime.clock import Clock
from adapter.transport.acceptor import AcceptFailures
from adapter.transport.failures import FailureReport
from adapter.transport.http2.arrival import Arrival
from adapter.transport.http2.calls import Route
from adapter.transport.http2.health import Health
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.shared import Shared
from adapter.transport.listener import Listener
from adapter.transport.observer import TransportObserver
from adapter.transport.options import ServerOptions
from adapter.transport.service import Method


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
        self._tls = tls
        self._clock = clock
        self._health = Health()
        routes: Iterable[Route] = (*methods, *self._health.methods)
        self._shared = Shared(
            {route.path: route for route in routes},
            options.token,
            limits or _limits(options),
            FailureReport(observer, clock),
            observer,
        )
        self._guests = self._shared.guests
        self._listeners: list[Listener] = []
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def addresses(self) -> tuple[str, ...]:
        """See `service.Server`."""
        return tuple(listener.address for listener in self._listeners)

    @property
    def counters(self) -> Mapping[str, int]:
        """How often peers violated each limit of `limits.KINDS`."""
        return MappingProxyType(self._shared.counters)

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._guests)

    async def bind(self) -> None:
        """See `service.Server`."""
        options = self._options
        try:
            for address in options.addresses:
                listener = Listener(address, options.socket_mode, options.socket_group)
                self._listeners.append(listener)
        except BaseException:
            self._stop_listening()
            self._listeners.clear()
            raise

    async def start(self) -> None:
        """See `service.Server`."""
        if not self._listeners:
            await self.bind()
        failures = AcceptFailures(self._clock, self._count_no_descriptor)
        for listener in self._listeners:
            listener.accept(self._welcome, failures)
        self._sweeping = asyncio.create_task(self._sweep_forever(), name="transport.sweep")

    def use_tls(self, context: ssl.SSLContext) -> None:
        """See `service.Server`."""
        self._tls = context

    async def set_serving(self, serving: bool) -> None:
        """See `service.Server`."""
        self._health.set_serving(serving)

    async def drain_and_stop(self) -> None:
        """See `service.Server`."""
        if self._sweeping is None:
            self._stop_listening()
            return
        self._health.leave()
        await self._clock.sleep(self._options.drain_s)
        self._stop_listening()
        for guest in self._guests:
            guest.drain()
        await self._all_closed(self._options.stop_s)
        self._sweeping.cancel()
        self._sweeping = None

    def _stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    def _welcome(self, accepted: socket.socket) -> None:
        if self._guests.make_room():
            Arrival(accepted, self._shared, self._tls)
        else:
            accepted.close()

    def _count_no_descriptor(self) -> None:
        self._shared.counters["descriptors"] += 1

    async def _all_closed(self, within_s: float) -> None:
        guests = (guest.closed for guest in self._guests)
        closed = asyncio.gather(*guests, return_exceptions=True)
        late = asyncio.ensure_future(self._clock.sleep(within_s))
        either: set[asyncio.Future[Any]] = {closed, late}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        late.cancel()
        for guest in self._guests:
            guest.abort()
        await closed

    async def _sweep_forever(self) -> None:
        while True:
            await self._clock.sleep(self._shared.limits.sweep_s)
            for guest in self._guests:
                guest.sweep()


def _limits(options: ServerOptions) -> Limits:
    return Limits(
        max_message_bytes=options.receive_limit_bytes,
        max_held_bytes=options.held_limit_bytes,
        max_connections=options.max_connections,
    )
