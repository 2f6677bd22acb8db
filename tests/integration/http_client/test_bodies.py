"""Bodies that are compressed, swell, do not end or do not come: each is bounded."""

import asyncio
import gzip
import tracemalloc
from contextlib import suppress

import pytest
from aiohttp import web

from adapter.errors import DocumentError, PlatformUnavailableError
from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import BrokenBodyError, HttpRequest
from tests.integration.http_client.servers import (
    MIB,
    ask,
    exchange,
    head,
    serving,
    speaking,
)
from tests.rig.polling import until


def gzipped(body: bytes) -> web.Response:
    """A response that says it is compressed."""
    return web.Response(body=body, headers={"content-encoding": "gzip"})


async def test_a_compressed_body_is_decompressed(http: AiohttpClient) -> None:
    """Its chunks are what was compressed."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return gzipped(gzip.compress(b"[1, 2]"))

    async with serving(answer) as url:
        assert (await ask(http, url)).body == b"[1, 2]"


@pytest.mark.parametrize(
    "damaged",
    [b"no gzip at all", gzip.compress(b" " * 999)[:-8] + b"\0" * 8],
    ids=["not gzip", "wrong checksum"],
)
async def test_broken_compression_is_the_documents_fault(
    http: AiohttpClient, damaged: bytes
) -> None:
    """Neither a body that is not gzip nor one whose checksum is wrong is taken for whole."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return gzipped(damaged)

    async with serving(answer) as url:
        with pytest.raises(BrokenBodyError, match="compression"):
            await ask(http, url)
        with pytest.raises(DocumentError, match="GET /x: the compression of the body is invalid"):
            await exchange(http).send("GET", f"{url}/x", headers={})


async def test_a_bomb_does_not_go_off(http: AiohttpClient) -> None:
    """Of a small body that swells to 64 MiB only what is asked for is ever in memory."""
    bomb = gzip.compress(bytes(64 * MIB))

    async def answer(_: web.BaseRequest) -> web.Response:
        return gzipped(bomb)

    async with serving(answer) as url:
        tracemalloc.start()
        try:
            with pytest.raises(DocumentError, match="larger than 1048576 bytes"):
                await exchange(http).send("GET", url, headers={})
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 8 * MIB


async def test_a_body_of_very_many_parts_is_left(http: AiohttpClient) -> None:
    """To decompress a hundred thousand empty ones would keep Checks waiting."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return gzipped(gzip.compress(b"") * 100_000)

    async with serving(answer) as url:
        with pytest.raises(BrokenBodyError):
            await ask(http, url)


async def test_others_have_their_turn_amid_a_long_body(http: AiohttpClient) -> None:
    """However fast it comes, it is decompressed in steps."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def answer(_: web.BaseRequest) -> web.Response:
        return gzipped(gzip.compress(bytes(32 * MIB)))

    async with serving(answer) as url:
        counting = asyncio.create_task(count())
        await exchange(http, limit=64 * MIB).send("GET", url, headers={})
        counting.cancel()
    assert turns > 32 * 4


async def test_an_endless_body_is_left(http: AiohttpClient) -> None:
    """As soon as it is too large, its connection is closed, so that the server stops too."""
    left: list[bool] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            while True:
                await response.write(b" " * 10_000)
        left.append(True)
        return response

    async with serving(answer) as url:
        with pytest.raises(DocumentError, match="larger"):
            await exchange(http).send("GET", url, headers={})
        await until(lambda: left)


async def test_a_slow_body_ends_at_the_deadline(http: AiohttpClient) -> None:
    """What has come is given at once; the rest is not waited for beyond the deadline."""
    first = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n["

    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(first)
        await reader.read()  # up to the client's end of the connection

    async with speaking(trickle) as url:
        async with http.send(HttpRequest("GET", url, {})) as response:
            assert await anext(response.chunks) == b"["
        with pytest.raises(PlatformUnavailableError, match="no complete response"):
            await exchange(http, timeout_s=0.05).send("GET", url, headers={})
