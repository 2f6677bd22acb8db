"""Clients of an operators' listener that want to keep others out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from adapter.operations.http1 import Patience
from adapter.operations.listener import MAX_CONNECTIONS, OperatorListener
from adapter.operations.routes import Question, Reply, Route
from adapter.runtime.clock import SystemClock
from tests.rig.descriptors import no_descriptor_left
from tests.rig.polling import until

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"
CLOSING = b" HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nhost: a\r\n"
QUICK = Patience(request_s=0.05, answer_s=0.05, idle_s=0.05)


class Running:
    """A listener with a page at `/`, one that waits to be let go on, and one of 50 MB."""

    def __init__(self, patience: Patience | None = None) -> None:
        self.go_on = asyncio.Event()
        self.waiting = 0
        routes = [
            Route("/", lambda _: Reply(b"here")),
            Route("/slow", self._slow),
            Route("/large", lambda _: Reply(bytes(50_000_000))),
        ]
        self.listener = OperatorListener("127.0.0.1:0", routes, SystemClock(), patience=patience)

    async def _slow(self, _: Question) -> Reply:
        self.waiting += 1
        await self.go_on.wait()
        return Reply(b"late")

    async def connected(self, octets: bytes = b"") -> Client:
        """A client that has sent these octets."""
        client = await asyncio.open_connection(self.host, int(self.port))
        client[1].write(octets)
        return client

    async def answered(self, octets: bytes) -> bytes:
        """What a client gets that sends these octets, up to the end of the page or of all."""
        client = await self.connected(octets)
        async with asyncio.timeout(20):
            try:
                return await client[0].readuntil(b"here")
            except asyncio.IncompleteReadError as rest:
                return rest.partial
            finally:
                client[1].close()

    async def start(self) -> None:
        """Listen."""
        self.host, _, self.port = (await self.listener.start()).rpartition(":")


@asynccontextmanager
async def running(patience: Patience | None = None) -> AsyncIterator[Running]:
    """A listener, stopped in the end."""
    server = Running(patience)
    await server.start()
    try:
        yield server
    finally:
        await server.listener.stop()


async def gone(client: Client) -> bool:
    """Whether the other side closes."""
    try:
        async with asyncio.timeout(20):
            return not await client[0].read()
    except ConnectionError:
        return True


@pytest.mark.parametrize("octets", [b"", HALF, b"P"])
async def test_half_requests_lock_nobody_out(octets: bytes) -> None:
    """Even with many of them, a prompt client is answered, and few descriptors are used."""
    async with running() as server:
        clients = [await server.connected(octets) for _ in range(3 * MAX_CONNECTIONS)]
        await until(lambda: server.listener.faults["connections"] == 2 * MAX_CONNECTIONS)
        assert (await server.answered(REQUEST)).endswith(b"here")
        assert await gone(clients[0])
        assert await gone(clients[MAX_CONNECTIONS])
        for _, writer in clients:
            writer.close()


async def test_answers_under_way_are_not_given_up_for_others() -> None:
    """When all are being answered, it is the newcomer who has to wait for another time."""
    async with running() as server:
        asking = b"GET /slow HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        clients = [await server.connected(asking) for _ in range(MAX_CONNECTIONS)]
        await until(lambda: server.waiting == MAX_CONNECTIONS)
        assert await server.answered(REQUEST) == b""
        server.go_on.set()
        for reader, writer in clients:
            assert (await reader.read()).endswith(b"late")
            writer.close()
        assert (await server.answered(REQUEST)).endswith(b"here")


@pytest.mark.parametrize(
    "octets",
    [b"", HALF, REQUEST + HALF, b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nhalf"],
)
async def test_a_request_that_does_not_end_is_given_up(octets: bytes) -> None:
    """The time for one counts from its first octet, or from the connection's beginning."""
    async with running(QUICK) as server:
        client = await server.connected(octets)
        async with asyncio.timeout(20):
            await client[0].read()
        await until(lambda: server.listener.faults["slow_request"] == 1)
        client[1].close()


async def test_a_request_sent_octet_by_octet_gets_no_more_time() -> None:
    """Each octet is no sign of life that would count."""
    async with running(Patience(request_s=0.2)) as server:
        client = await server.connected(REQUEST)
        await client[0].readuntil(b"here")

        def is_left_after_one_more() -> int:
            client[1].write(b"x")
            return server.listener.faults["slow_request"]

        await until(is_left_after_one_more)
        client[1].close()


async def test_a_client_between_two_requests_is_left_quietly() -> None:
    """Being idle is no fault, but it ends."""
    async with running(Patience(idle_s=0.05)) as server:
        client = await server.connected(REQUEST)
        await client[0].readuntil(b"here")
        assert await gone(client)
        assert server.listener.faults["slow_request"] == 0
        client[1].close()


async def test_a_client_that_does_not_take_its_answer_is_left() -> None:
    """Megabytes are not kept for it."""
    async with running(Patience(answer_s=0.05)) as server:
        client = await server.connected(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
        await client[0].readexactly(100)
        received = 100
        await until(lambda: server.listener.faults["slow_reader"] == 1)
        with suppress(ConnectionError):
            while octets := await client[0].read(1 << 20):
                received += len(octets)
        assert received < 50_000_000
        client[1].close()


@pytest.mark.parametrize(
    ("octets", "status"),
    [
        (b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"x" * 33_000, b"431"),
        (b"GET /?" + b"&".join(b"a%d" % n for n in range(20)) + CLOSING, b"400"),
        (b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 70000\r\n\r\n" + bytes(70_000), b"413"),
        (
            b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
            + (b"4000\r\n" + bytes(0x4000) + b"\r\n") * 5,
            b"413",
        ),
    ],
)
async def test_what_is_too_large_is_refused(octets: bytes, status: bytes) -> None:
    """With a status, and without reading it all."""
    async with running() as server:
        assert (await server.answered(octets))[9:12] == status
        assert (await server.answered(REQUEST)).endswith(b"here")


async def test_without_descriptors_it_goes_on() -> None:
    """Clients that are connected are answered; it counts those that it turned away."""
    async with running() as server:
        known = await server.connected(REQUEST)
        await known[0].readuntil(b"here")
        with no_descriptor_left(but=1):
            newcomer = await server.connected()
            assert await gone(newcomer)
            known[1].write(REQUEST)
            await known[0].readuntil(b"here")
        assert server.listener.faults["descriptors"] == 1
        assert (await server.answered(REQUEST)).endswith(b"here")
        known[1].close()
        newcomer[1].close()
