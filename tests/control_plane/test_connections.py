"""Clients that do nothing, or next to nothing, keep nobody out. Real sockets on loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from uvicorn.server import ServerState

from control_plane.protocol.connections import MAX_CONNECTIONS, timed_protocol
from control_plane.protocol.ingest import INGEST_PATH
from control_plane.protocol.refusals import add_refusals
from control_plane.protocol.request_bodies import RequestBodies
from tests.rig.control_plane import running_control_plane

DEADLINE_S = 30
MOST = 20
LONG = b"x" * (8 << 20)
GET = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
LONG_GET = GET.replace(b"/ ", b"/long ", 1)

Client: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Answers /long with much, and everything else with little."""
    while (await receive()).get("more_body"):
        pass
    body = LONG if scope["path"] == "/long" else b"short"
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Listener:
    """A server with small limits, and clients of it."""

    def __init__(self, bound: socket.socket) -> None:
        self.state = ServerState()
        self.lost_one = asyncio.Event()
        self._bound = bound
        self._writers: list[asyncio.StreamWriter] = []

    async def raw_client(self) -> socket.socket:
        """A connected socket that takes little before it is read from."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, self._bound.getsockname())
        return client

    async def client(self) -> Client:
        """A connection to read from and to write to."""
        reader, writer = await asyncio.open_connection(sock=await self.raw_client(), limit=65_536)
        self._writers.append(writer)
        return reader, writer

    async def close(self) -> None:
        """End all connections from both sides."""
        for writer in self._writers:
            writer.transport.abort()
        for connection in list(self.state.connections):
            connection.transport.abort()
        await asyncio.gather(*self.state.tasks)


@asynccontextmanager
async def _listening(patience_s: float) -> AsyncIterator[Listener]:
    bound = socket.create_server(("127.0.0.1", 0))
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
    listener = Listener(bound)

    class Observed(timed_protocol(MOST, patience_s)):  # type: ignore[misc]
        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            listener.lost_one.set()

    config = uvicorn.Config(_app, http=Observed, log_config=None, lifespan="off")
    config.load()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Observed(config, listener.state, {}), sock=bound)
    try:
        yield listener
    finally:
        await listener.close()
        server.close()
        await server.wait_closed()


async def _closed(reader: asyncio.StreamReader) -> bytes:
    """What the server still sends until it closes the connection."""
    try:
        return await asyncio.wait_for(reader.read(), DEADLINE_S)
    except ConnectionError:
        return b""


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The first line of an answer, whose body is short."""
    line = await asyncio.wait_for(reader.readline(), DEADLINE_S)
    await asyncio.wait_for(reader.readuntil(b"short"), DEADLINE_S)
    return line


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nhost: a\r\n", GET + b"GET / HTTP"])
async def test_a_client_that_sends_no_whole_head_is_disconnected(sent: bytes) -> None:
    """At the beginning, in the middle of a head, and after an answer."""
    async with _listening(0.2) as listener:
        reader, writer = await listener.client()
        writer.write(sent)
        await _closed(reader)


async def test_a_head_that_comes_octet_by_octet_gains_no_time() -> None:
    """What a client sends now and then must not keep its connection open."""
    async with _listening(0.3) as listener:
        reader, writer = await listener.client()
        closed = asyncio.ensure_future(_closed(reader))
        writer.write(b"GET / HTTP/1.1\r\nx: ")
        while not closed.done():
            writer.write(b"a")
            await asyncio.wait([closed], timeout=0.05)
        assert closed.result() == b""


async def test_idle_connections_make_room_for_new_ones() -> None:
    """The one that waits for longest goes; a client that is served, or just came, stays."""
    async with _listening(DEADLINE_S) as listener:
        idle = [await listener.client() for _ in range(MOST)]
        uploading_reader, uploading = idle[-1]
        for number in range(3):
            reader, writer = await listener.client()
            writer.write(GET)
            assert b"200" in await _answer(reader)
            assert await _closed(idle[number][0]) == b""
        uploading.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx")
        assert b"200" in await _answer(uploading_reader)


async def test_unfinished_bodies_make_room_too() -> None:
    """A crowd of uploads that never end is a crowd that waits."""
    async with _listening(DEADLINE_S) as listener:
        for _ in range(MOST):
            _, writer = await listener.client()
            writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nx")
        reader, writer = await listener.client()
        writer.write(GET)
        assert b"200" in await _answer(reader)


@pytest.mark.parametrize("requests", [1, 3])
async def test_a_client_that_does_not_read_is_disconnected(requests: int) -> None:
    """Its answer must not stay in memory, nor its place be taken, for as long as it likes."""
    async with _listening(0.2) as listener:
        client = await listener.raw_client()
        await asyncio.get_running_loop().sock_sendall(client, LONG_GET * requests)
        await asyncio.wait_for(listener.lost_one.wait(), DEADLINE_S)
        client.close()


async def test_a_client_that_reads_slowly_gets_its_whole_answer() -> None:
    """Progress is enough, however long it takes."""
    async with _listening(0.3) as listener:
        reader, writer = await listener.client()
        writer.write(LONG_GET)
        got = 0
        while got < len(LONG):
            part = await asyncio.wait_for(reader.read(65_536), DEADLINE_S)
            assert part
            got += len(part)
            await asyncio.sleep(0.01)


async def test_what_is_not_http_is_refused_like_the_rest() -> None:
    """Even what the application never sees is answered with `error` and `message`."""
    async with _listening(DEADLINE_S) as listener:
        reader, writer = await listener.client()
        writer.write(b"GET / HTTP/1.1\r\nno header\r\n\r\n")
        head, _, body = (await _closed(reader)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert body == b'{"error": "Bad Request", "message": "Invalid HTTP request received."}'


async def test_a_crowd_of_idle_clients_does_not_lock_gateways_out(tmp_path: Path) -> None:
    """More than there are places for: the whole control plane answers a newcomer."""
    async with running_control_plane(tmp_path) as platform:
        address = ("127.0.0.1", int(platform.base_url.rpartition(":")[2]))
        idle = [socket.create_connection(address) for _ in range(MAX_CONNECTIONS + 5)]
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=DEADLINE_S) as client:
                assert (await client.get(f"{platform.base_url}/healthz")).status_code == 200
        finally:
            for connection in idle:
                connection.close()


@pytest.mark.parametrize("path", ["/other", INGEST_PATH])
async def test_a_body_that_does_not_end_is_refused(path: str) -> None:
    """It is refused after the time limit, even if more data arrives."""

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0.01)

    app = FastAPI()
    app.add_api_route(path, _read, methods=["POST"])
    app.add_middleware(RequestBodies, limit=1 << 20, ingest_limit=1 << 20, patience_s=0.2)
    add_refusals(app)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
        response = await client.post(path, content=endless())
    assert response.status_code == 408
    assert response.json()["error"] == "Request Timeout"


async def _read(request: Request) -> int:
    return len(await request.body())


async def test_large_bodies_that_are_held_at_once_are_few() -> None:
    """They come from anybody, and a thousand of them would take the memory."""
    going, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def hold(scope: Any, receive: Any, send: Any) -> None:
        going.release()
        await go_on.wait()
        await _app(scope, receive, send)

    bodies = RequestBodies(hold, 1 << 20, 1 << 20, max_large=2)
    transport = httpx.ASGITransport(bodies)
    async with httpx.AsyncClient(transport=transport, base_url="http://a.test") as client:
        for _ in range(2):
            held = [
                asyncio.ensure_future(client.post("/", content=b"x" * 20_000)) for _ in range(2)
            ]
            for _ in held:
                await asyncio.wait_for(going.acquire(), DEADLINE_S)
            refused = await client.post("/", content=b"x" * 20_000)
            assert refused.status_code == 503
            assert refused.headers["Retry-After"]
            small = asyncio.ensure_future(client.post("/", content=b"x"))
            await asyncio.wait_for(going.acquire(), DEADLINE_S)
            go_on.set()
            assert {answer.status_code for answer in await asyncio.gather(*held, small)} == {200}
            go_on.clear()
