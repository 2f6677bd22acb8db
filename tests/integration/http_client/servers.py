"""Servers on loopback, one that behaves and one that does as a test says; and how to ask them."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple, TypeAlias

from aiohttp import web

from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import Exchange, HttpRequest
from adapter.runtime.fairness import LoopTurns
from tests.rig.platform_simulator import opened

Script: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What becomes of a connection; it is closed afterwards."""

MIB = 1024 * 1024
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]"


class Received(NamedTuple):
    """A whole response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def ask(
    http: AiohttpClient, url: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> Received:
    """Send a request and read all that comes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.send(HttpRequest(method, url, named, body)) as response:
        chunks = [chunk async for chunk in response.chunks]
        return Received(response.status, response.headers, b"".join(chunks))


def exchange(http: AiohttpClient, *, timeout_s: float = 20.0, limit: int = MIB) -> Exchange:
    """What the platform's client sends by."""
    return Exchange(opened(http), LoopTurns(), timeout_s=timeout_s, max_response_bytes=limit)


@asynccontextmanager
async def serving(
    handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[str]:
    """A whole server, which leaves bodies as they came; gives its address."""
    server = web.Server(handler, auto_decompress=False)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def speaking(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that reads and writes octets as the script says; gives its address."""
    connections: set[asyncio.Task[None] | None] = set()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.current_task())
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            try:
                await script(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    server = await asyncio.start_server(speak, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        tasks = [task for task in connections if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def head(reader: asyncio.StreamReader) -> bytes:
    """The head of the next request."""
    return await reader.readuntil(b"\r\n\r\n")


def always(answer: bytes) -> Script:
    """Give this answer to the first request."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(answer)
        await writer.drain()

    return script
