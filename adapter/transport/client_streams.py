"""Client streams that the server ends.

Envoy never ends an access log stream, so a server that waits for its end never stops. Envoy loses
what it writes to a connection that is being closed. It loses nothing if the server ends the stream
right after a message: Envoy then opens a new stream to another adapter for its next message.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from adapter.transport.service import StreamConsumer


class ClientStreams:
    """The open client streams of one server. Create it inside the server's event loop."""

    def __init__(self) -> None:
        self._open = 0
        self._ending = False
        self._none_open = asyncio.Event()
        self._none_open.set()
        self._closing: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def feed(
        self, consumer: StreamConsumer, read: Callable[[], Coroutine[Any, Any, object]]
    ) -> None:
        """Pass on messages until the client or `end` ends the stream.

        `read` returns the next message, and something other than bytes after the last one.
        """
        self._open += 1
        self._none_open.clear()
        try:
            while isinstance(message := await self._next(read), bytes):
                room = consumer.consume(message)
                if self._ending:
                    return
                if room is not None:
                    await asyncio.wait({room, self._closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._open -= 1
            if not self._open:
                self._none_open.set()

    async def end(self, wait: Awaitable[None]) -> None:
        """End each stream after its next message. After `wait`, end the remaining ones at once."""
        self._ending = True
        waiting = asyncio.ensure_future(wait)
        ended = asyncio.create_task(self._none_open.wait())
        either: set[asyncio.Future[Any]] = {waiting, ended}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        self._closing.set_result(None)
        await ended

    async def _next(self, read: Callable[[], Coroutine[Any, Any, object]]) -> object:
        message = asyncio.create_task(read())
        either: set[asyncio.Future[Any]] = {message, self._closing}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            return message.result() if message.done() else None
        finally:
            message.cancel()
