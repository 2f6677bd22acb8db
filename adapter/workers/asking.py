"""Asks a worker over its Unix socket: one HTTP/1.1 request for each connection."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import h11

from adapter.operations.routes import Question, Reply

PROBE_S: Final = 2.0
"""Longest wait for a probe's answer: a worker that hangs must not stop the probes of the others."""
_CHUNK_BYTES: Final = 64 * 1024


async def ask(
    socket: Path, target: str, *, method: str = "GET", body: bytes = b"", wait_s: float = PROBE_S
) -> Reply | None:
    """The worker's answer; None if it gives none in time."""
    try:
        async with asyncio.timeout(wait_s):
            reader, writer = await asyncio.open_unix_connection(socket)
            try:
                return await _exchange(reader, writer, method, target, body)
            finally:
                writer.close()
    except (OSError, h11.RemoteProtocolError):
        return None


def target_of(path: str, question: Question) -> str:
    """The request target of a question to the route with this path, such as `/apis/{api_id}`."""
    names = {name: quote(value, safe="") for name, value in question.names.items()}
    query = urlencode(question.query)
    return path.format_map(names) + (f"?{query}" if query else "")


async def _exchange(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    method: str,
    target: str,
    body: bytes,
) -> Reply:
    http = h11.Connection(h11.CLIENT)
    headers = [("host", "localhost"), ("content-length", str(len(body))), ("connection", "close")]
    request = h11.Request(method=method, target=target, headers=headers)
    for event in (request, h11.Data(data=body), h11.EndOfMessage()):
        writer.write(http.send(event) or b"")
    head: h11.Response | None = None
    content = bytearray()
    while True:
        arrived = http.next_event()
        if arrived is h11.NEED_DATA:
            http.receive_data(await reader.read(_CHUNK_BYTES))
        elif isinstance(arrived, h11.Response):
            head = arrived
        elif isinstance(arrived, h11.Data):
            content += arrived.data
        elif isinstance(arrived, h11.EndOfMessage) and head is not None:
            return Reply(bytes(content), head.status_code, _content_type(head.headers))


def _content_type(headers: Iterable[tuple[bytes, bytes]]) -> str:
    return dict(headers).get(b"content-type", b"").decode("latin-1")
