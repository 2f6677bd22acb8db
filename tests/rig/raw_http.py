"""Sends HTTP/1.1 requests as raw bytes, also invalid ones."""

import asyncio
import json
import ssl
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

_DEADLINE_S = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """A response as received."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """All values of this header, joined by commas; None if there is none."""
        values = [value for key, value in self.headers if key == name]
        return ",".join(values) if values else None

    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.body)

    def upstream_saw(self, name: str) -> list[str]:
        """The values of a request header as the echoing upstream received them."""
        return [value for key, value in self.json()["headers"] if key == name]


async def request(
    address: str,
    host: str,
    path: str | bytes = "/",
    headers: Iterable[tuple[str, str | bytes]] = (),
    *,
    method: str = "GET",
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send one request on a new connection."""
    lines = [
        b"%s %s HTTP/1.1" % (method.encode(), _bytes(path)),
        b"host: " + host.encode(),
        b"connection: close",
        *(name.encode() + b": " + _bytes(value) for name, value in headers),
    ]
    async with asyncio.timeout(_DEADLINE_S):
        name, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(name, int(port), ssl=tls)
        try:
            writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
            return await _answer(reader, method)
        finally:
            writer.close()
            # The connection of a refused request may be reset.
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


async def _answer(reader: asyncio.StreamReader, method: str) -> Answer:
    """Read one response.

    A body with a length ends there, not with the connection, because Envoy
    keeps a connection open for a second after an error.
    """
    head = await reader.readuntil(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").strip().split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.lower(), value.strip()) for name, _, value in pairs)
    length = dict(headers).get("content-length")
    if length is None or method == "HEAD":
        body = await reader.read()
    else:
        body = await reader.readexactly(int(length))
    return Answer(int(status.split()[1]), headers, body)
