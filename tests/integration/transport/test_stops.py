"""A server stops within its deadline, whatever its clients do meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from itertools import count, repeat

import pytest
from hpack import Encoder

from support.defaults import server_options
from tests.integration.transport.servers import ANSWER, COLLECT, TRANSPORTS, Service, serving
from tests.rig.polling import until
from tests.rig.raw_http2 import (
    DATA,
    END_HEADERS,
    END_STREAM,
    HEADERS,
    PREFACE,
    SETTINGS,
    frame,
    message,
)

GREETING = PREFACE + frame(SETTINGS, 0, 0)
LATE_S = 30.0
"""Far more than the deadline, because the machine may be slow."""


def _headers(path: str) -> bytes:
    return Encoder().encode(
        [
            (":method", "POST"),
            (":scheme", "http"),
            (":path", path),
            (":authority", "adapter"),
            ("content-type", "application/grpc"),
            ("te", "trailers"),
        ]
    )


def _opened(path: str, stream_id: int = 1) -> bytes:
    return frame(HEADERS, END_HEADERS, stream_id, _headers(path))


def _call(stream_id: int, text: bytes) -> bytes:
    return _opened(ANSWER, stream_id) + frame(DATA, END_STREAM, stream_id, message(text))


def _calls_without_end() -> Iterable[bytes]:
    return (_call(stream_id, b"hello") for stream_id in count(1, 2))


STREAM = _opened(COLLECT)
CLIENTS: dict[str, tuple[bytes, Iterable[bytes]]] = {
    "says nothing": (b"", ()),
    "ends no stream": (GREETING + STREAM + frame(DATA, 0, 1, message(b"first")), ()),
    "goes on with its stream": (GREETING + STREAM, repeat(frame(DATA, 0, 1, message(b"next")))),
    "goes on with calls": (GREETING, _calls_without_end()),
    "reads no answer": (GREETING + b"".join(_call(n, b"large 60000") for n in range(1, 99, 2)), ()),
    "waits for an answer": (GREETING + _call(1, b"never"), ()),
    "ends no header": (GREETING + frame(HEADERS, 0, 1, _headers(ANSWER)[:9]), ()),
    "ends no message": (GREETING + _opened(ANSWER) + frame(DATA, 0, 1, message(b"x" * 99)[:9]), ()),
}
"""What a client sends first, and then again and again. None of them reads."""


@asynccontextmanager
async def _connected(address: str, first: bytes, more: Iterable[bytes]) -> AsyncIterator[None]:
    host, _, port = address.rpartition(":")
    # The small limit makes the client stop to read.
    _, writer = await asyncio.open_connection(host, int(port), limit=1)
    writer.write(first)

    async def go_on() -> None:
        with suppress(ConnectionError):
            for sent in more:
                writer.write(sent)
                await asyncio.wait_for(writer.drain(), LATE_S)
                await asyncio.sleep(0)

    going_on = asyncio.create_task(go_on())
    try:
        yield
    finally:
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)
        writer.transport.abort()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_stop_waits_for_no_client(transport: str) -> None:
    """All of them at once, on connections of their own."""
    service = Service()
    options = server_options(drain_s=0.1, stream_end_s=0.1, stop_s=0.3)
    async with serving(transport, service, options) as server, AsyncExitStack() as clients:
        for first, more in CLIENTS.values():
            await clients.enter_async_context(_connected(server.addresses[0], first, more))
        await until(lambda: service.logs.opened == 2 and service.waiting == 1)
        await asyncio.wait_for(server.drain_and_stop(), LATE_S)
    assert service.logs.finished == 2
    assert service.cancelled == 1
