"""Which hosts a listener for its own machine answers to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapter.operations.hosts import names_this_machine
from adapter.operations.listener import OperatorListener
from adapter.operations.routes import Reply, Route
from adapter.runtime.clock import SystemClock


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.0.0.1:9103", "10.1.2.3", "localhost", "LOCALHOST:9103", "[::1]"),
        *("[::1]:9103", "[::ffff:127.0.0.1]:1"),
    ],
)
def test_addresses_and_localhost_are_answered(host: str) -> None:
    """No page of another site can be sent to us under these."""
    assert names_this_machine(host, "/apis")
    assert names_this_machine(host, f"http://{host}/apis")


@pytest.mark.parametrize(
    "host",
    [
        *("", "evil.test", "evil.test:9103", "127.0.0.1.evil.test", "localhost.evil.test"),
        *("a.localhost", "localhost.", "127.1", "0x7f.0.0.1", "2130706433", "::1", "[::1", "[]"),
        *("127.0.0.1:", "127.0.0.1:x", "127.0.0.1:9103:1", "me@127.0.0.1", " "),
        *("127.0.0.1, evil.test", "[evil.test]", "\u0661\u0662\u0667.0.0.1"),
    ],
)
def test_other_names_are_not(host: str) -> None:
    """They may be anyone's, and lead here for a moment only; nor is no name at all."""
    assert not names_this_machine(host, "/apis")
    assert not names_this_machine("127.0.0.1", f"http://{host}/apis")


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    """Where a listener for its own machine listens."""
    routes = [Route("/apis", lambda _: Reply(b"all APIs"))]
    listener = OperatorListener("127.0.0.1:0", routes, SystemClock(), any_host=False)
    host, _, port = (await listener.start()).rpartition(":")
    yield host, int(port)
    await listener.stop()


async def answer_to(address: tuple[str, int], head: bytes) -> bytes:
    """What comes back for a request with this head."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(head + b"connection: close\r\n\r\n")
    answered = await reader.read()
    writer.close()
    return answered


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /apis HTTP/1.1\r\nhost: 127.0.0.1\r\n", b"200"),
        (b"GET /apis HTTP/1.1\r\nhost: localhost:1\r\n", b"200"),
        (b"GET http://[::1]:1/apis HTTP/1.1\r\nhost: [::1]:1\r\n", b"200"),
        (b"GET /apis HTTP/1.1\r\nhost: evil.test\r\n", b"421"),
        (b"HEAD /apis HTTP/1.1\r\nhost: evil.test\r\n", b"421"),
        (b"GET /nothing HTTP/1.1\r\nhost: evil.test\r\n", b"421"),
        (b"GET http://evil.test/apis HTTP/1.1\r\nhost: 127.0.0.1\r\n", b"421"),
        (b"GET http://127.0.0.1/apis HTTP/1.1\r\nhost: evil.test\r\n", b"421"),
        (b"GET /apis HTTP/1.0\r\n", b"421"),
        (b"GET /apis HTTP/1.1\r\nhost:\r\n", b"421"),
        (b"GET /apis HTTP/1.1\r\n", b"400"),
        (b"GET /apis HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.test\r\n", b"400"),
    ],
)
async def test_a_page_of_another_site_reads_nothing(
    address: tuple[str, int], head: bytes, status: bytes
) -> None:
    """DNS rebinding: a browser sends the name of the site that it believes to talk to."""
    answered = await answer_to(address, head)
    assert answered[9:12] == status
    assert (b"all APIs" in answered) == (status == b"200")
