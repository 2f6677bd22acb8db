"""Connections that are refused, break off, die while nobody looks, or are kept."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import HttpError
from tests.integration.http_client.servers import (
    OK,
    ask,
    exchange,
    head,
    serving,
    speaking,
)
from tests.rig.polling import until


async def test_a_refused_connection_is_named(http: AiohttpClient) -> None:
    """With the address, so that an operator can look there."""
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        with pytest.raises(HttpError, match=f"127.0.0.1:{port}"):
            await ask(http, f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_body_that_breaks_off_is_not_whole(http: AiohttpClient, reset: bool) -> None:
    """Neither a close nor a reset in the middle of the body passes for its end."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[")
        await writer.drain()
        if reset:
            connection = writer.get_extra_info("socket")
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    async with speaking(break_off) as url:
        with pytest.raises(HttpError, match="in the middle of the body"):
            await ask(http, url)


@asynccontextmanager
async def closing(requests: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that answers so many requests of a connection and closes at the next one's head."""
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(requests):
            heads.append(await head(reader))
            writer.write(OK)
        heads.append(await head(reader))

    async with speaking(script) as url:
        yield url, heads


async def test_a_poll_survives_a_connection_that_dies_under_it(http: AiohttpClient) -> None:
    """Servers close idle connections without a word: a GET goes out again over a new one."""
    async with closing(1) as (url, heads):
        assert (await ask(http, url)).status == 200
        assert (await ask(http, url)).status == 200
    assert len(heads) == 3


async def test_events_on_a_connection_that_dies_fail_once(http: AiohttpClient) -> None:
    """Nobody knows what became of them: that is for the uploader, who sends them again."""
    async with closing(1) as (url, heads):
        await ask(http, url)
        with pytest.raises(HttpError, match="closed the connection without a response"):
            await ask(http, url, method="POST", body=b"events")
        assert len(heads) == 2
        assert (await ask(http, url, method="POST", body=b"events")).status == 200


async def test_connections_closed_while_idle_are_not_used(http: AiohttpClient) -> None:
    """A server that closes after each answer, unannounced, makes nothing fail, not even a POST."""
    heads: list[bytes] = []
    closed: list[bool] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await head(reader))
        writer.write(OK)
        writer.close()
        await writer.wait_closed()
        closed.append(True)

    async with speaking(script) as url:
        for method in ("GET", "POST") * 5:
            assert (await ask(http, url, method=method)).status == 200
            await until(lambda: len(closed) == len(heads))
            for _ in range(3):  # turns of the loop, in which it sees the end of the connection
                await asyncio.sleep(0)
    assert len(heads) == 10


async def test_a_connection_is_kept(http: AiohttpClient) -> None:
    """What was read to its end leaves its connection for the next request."""
    peers: set[object] = set()

    async def answer(request: web.BaseRequest) -> web.Response:
        assert request.transport is not None
        peers.add(request.transport.get_extra_info("peername"))
        return web.Response(text="[]")

    async with serving(answer) as url:
        for method in ("GET", "POST", "GET"):
            await exchange(http).send(method, url, headers={})
    assert len(peers) == 1
