"""Requests and answers over a real connection."""

import asyncio
import gzip
import os

import pytest
from aiohttp import web

from adapter.platform_client.http.aiohttp_client import AiohttpClient
from adapter.platform_client.http.exchange import HttpError
from tests.integration.http_client.servers import (
    MIB,
    OK,
    always,
    ask,
    head,
    serving,
    speaking,
)


async def test_a_response_comes_as_it_is(http: AiohttpClient) -> None:
    """Status, headers by lower-case name, and the body."""

    async def answer(_: web.BaseRequest) -> web.Response:
        return web.Response(status=404, body=b"gone", headers={"Retry-After": "7"})

    async with serving(answer) as url:
        received = await ask(http, url)
    assert (received.status, received.body) == (404, b"gone")
    assert received.headers.get("retry-after") == "7"
    assert received.headers.get("nothing") is None


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b""),
        (b"HTTP/1.1 304 Not Modified\r\ndate: x\r\n\r\n", 304, b""),
        (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, 200, b"[]"),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, b"to the end"),
        (
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nto\r\n1\r\n!\r\n0\r\n\r\n",
            200,
            b"to!",
        ),
    ],
)
async def test_every_form_of_a_response_is_read(
    http: AiohttpClient, answer: bytes, status: int, body: bytes
) -> None:
    """Without a body, after an interim response, without a length, in chunks."""
    async with speaking(always(answer)) as url:
        received = await ask(http, url)
    assert (received.status, received.body) == (status, body)


async def test_headers_go_out_as_given(http: AiohttpClient) -> None:
    """Ours are sent, nobody's cookies are, and the platform's operator sees who asks."""
    asked: list[web.BaseRequest] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append(request)
        return web.Response(headers={"set-cookie": "session=1; Path=/"})

    async with serving(answer) as url:
        for _ in range(2):
            await ask(http, url, authorization="Bearer t", accept="a/b", if_modified_since="18")
    headers = asked[1].headers
    sent = [headers.get(name) for name in ("authorization", "accept", "if-modified-since")]
    assert sent == ["Bearer t", "a/b", "18"]
    assert headers["accept-encoding"] == "gzip"
    assert headers["user-agent"].startswith("envoy-policy-adapter/")
    assert "cookie" not in headers


@pytest.mark.parametrize(
    "target",
    [
        "/a%2fb/../c;d?x=%41%e2&y=+%20&&z==",
        "/?next=http://elsewhere.test/;a?b&c=@:$'(),*!~",
        '/"<>[]^`{|}?"<>[]^`{|}',
        "//twice//?%zz%",
    ],
)
async def test_a_cursor_goes_out_byte_for_byte(http: AiohttpClient, target: str) -> None:
    """What the platform gave as a link comes back to it as it was, however it was quoted."""
    lines: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append((await head(reader)).partition(b"\r\n")[0])
        writer.write(OK)

    async with speaking(note) as url:
        await ask(http, url + target)
    assert lines == [f"GET {target} HTTP/1.1".encode()]


@pytest.mark.parametrize("answer", [b"SSH-2.0-secret\r\n", b"HTTP/1.1 200 secret" * 9999, b""])
async def test_what_is_no_answer_is_not_shown(http: AiohttpClient, answer: bytes) -> None:
    """It may hold anything."""
    async with speaking(always(answer)) as url:
        with pytest.raises(HttpError, match="response") as caught:
            await ask(http, url)
    assert "secret" not in str(caught.value)


async def test_a_redirect_is_an_answer(http: AiohttpClient) -> None:
    """It is not followed."""
    targets: list[str] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        targets.append(request.raw_path)
        return web.Response(status=302, headers={"location": "/elsewhere"})

    async with serving(answer) as url:
        assert (await ask(http, f"{url}/here")).status == 302
    assert targets == ["/here"]


@pytest.mark.parametrize("size", [0, 10, 3 * MIB])
async def test_an_upload_arrives_as_it_was_compressed(http: AiohttpClient, size: int) -> None:
    """Not compressed again, not in chunks, and with its length."""
    body = gzip.compress(os.urandom(size))
    asked: list[tuple[web.BaseRequest, bytes]] = []

    async def answer(request: web.BaseRequest) -> web.Response:
        asked.append((request, await request.content.read()))
        return web.Response(status=202)

    headers = {"content_encoding": "gzip", "content_type": "application/json"}
    async with serving(answer) as url:
        assert (await ask(http, url, method="POST", body=body, **headers)).status == 202
    ((request, arrived),) = asked
    assert request.headers.getall("content-encoding") == ["gzip"]
    assert request.headers.getall("content-type") == ["application/json"]
    assert request.headers.getall("content-length") == [str(len(body))]
    assert arrived == body


async def test_an_answer_ahead_of_the_upload_is_heard(http: AiohttpClient) -> None:
    """A 413 that comes before the whole body was read makes batches smaller."""
    refusal = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n"

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head(reader)
        writer.write(refusal)
        await reader.read()

    async with speaking(refuse) as url:
        assert (await ask(http, url, method="POST", body=bytes(8 * MIB))).status == 413
