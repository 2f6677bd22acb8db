"""A service behind Envoy that receives and sends headers as raw bytes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

ANSWER_WITH = b"x-answer-with"
"""The request header that names a response header to send, with the value `theirs`."""


@asynccontextmanager
async def raw_upstream() -> AsyncIterator[str]:
    """Runs the service, and yields its address. It answers each request with the request's head."""
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"{host}:{port}"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            wanted = [value for name, value in _fields(head) if name == ANSWER_WITH]
            extra = b"".join(name + b": theirs\r\n" for name in wanted)
            size = b"content-length: %d\r\n\r\n" % len(head)
            writer.write(b"HTTP/1.1 200 OK\r\n" + extra + size + head)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _fields(head: bytes) -> list[tuple[bytes, bytes]]:
    lines = [line.partition(b":") for line in head.split(b"\r\n")[1:] if line]
    return [(name.strip().lower(), value.strip()) for name, _, value in lines]


def seen_by_upstream(body: bytes, name: str) -> list[bytes]:
    """The values of a request header as the service received them."""
    return [value for key, value in _fields(body) if key == name.encode()]
