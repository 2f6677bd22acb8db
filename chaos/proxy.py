"""Stands between the adapters and the control plane, and disturbs their connections."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Final

_CHUNK: Final = 1 << 16
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


class PlatformProxy:
    """Forwards bytes to the address that `target` returns, unless it is told something else."""

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        self._target = target
        self._flows = asyncio.Event()
        self._flows.set()
        self._delay_s = 0.0
        self._false_answers: Iterator[bytes] | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def stop(self) -> None:
        """Close all connections."""
        self._server.close()
        self._close_connections()
        await self._server.wait_closed()

    def drop(self) -> None:
        """Let no byte through. Connections stay open, as when packets are lost on their way."""
        self._flows.clear()

    def delay(self, seconds: float) -> None:
        """Keep all bytes back for this time, in both directions."""
        self._delay_s = seconds

    def answer(self, answers: Sequence[bytes]) -> None:
        """Answer each request with the next of these bytes. The control plane gets none."""
        self._false_answers = cycle(answers)
        self._close_connections()

    def heal(self) -> None:
        """Forward everything again, also what was kept back."""
        self._delay_s = 0.0
        self._false_answers = None
        self._flows.set()

    def _close_connections(self) -> None:
        for writer in tuple(self._connections):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                if self._false_answers is not None:
                    await _read_request(reader)
                    writer.write(next(self._false_answers))
                    await writer.drain()
                else:
                    await self._forward(reader, writer)
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind, before = await asyncio.open_connection(*self._target())
        try:
            await asyncio.gather(self._pump(reader, before), self._pump(behind, writer))
        finally:
            before.close()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(_CHUNK):
                await self._flows.wait()
                await asyncio.sleep(self._delay_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


async def _read_request(reader: asyncio.StreamReader) -> None:
    """Read a whole request, because a client may miss the answer to one that was not read."""
    head = await reader.readuntil(b"\r\n\r\n")
    if found := _LENGTH.search(head):
        await reader.readexactly(int(found[1]))
