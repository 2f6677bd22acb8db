"""Client streams and how the server ends them."""

import asyncio

import pytest

from adapter.errors import RpcError
from adapter.transport.client_streams import ClientStreams
from tests.rig.adapters import CollectedLogs
from tests.rig.polling import until


class Client:
    """Sends what the test tells it to."""

    def __init__(self, *messages: bytes | None) -> None:
        self.messages: asyncio.Queue[bytes | None] = asyncio.Queue()
        for message in messages:
            self.messages.put_nowait(message)

    async def read(self) -> object:
        """The next message; None after the last."""
        return await self.messages.get()


async def never() -> None:
    """Wait until cancelled."""
    await asyncio.Event().wait()


async def at_once() -> None:
    """Wait for nothing."""


async def fed(streams: ClientStreams, client: Client) -> tuple[asyncio.Task[None], CollectedLogs]:
    """A stream on its way, with its first message taken."""
    logs = CollectedLogs()
    task = asyncio.create_task(streams.feed(logs, client.read))
    await until(lambda: logs.messages)
    return task, logs


async def test_client_ends() -> None:
    """All messages are taken, up to the client's end."""
    logs = CollectedLogs()
    await ClientStreams().feed(logs, Client(b"1", b"2", None).read)
    assert logs.messages == [b"1", b"2"]


async def test_server_ends_after_a_message() -> None:
    """A stream that is to end takes one more message, so that none is under way when it does."""
    streams, client = ClientStreams(), Client(b"1")
    task, logs = await fed(streams, client)
    ending = asyncio.create_task(streams.end(never()))
    await asyncio.sleep(0)
    assert not task.done()
    client.messages.put_nowait(b"2")
    await asyncio.wait_for(asyncio.gather(task, ending), 5)
    assert logs.messages == [b"1", b"2"]


async def test_server_ends_idle_streams() -> None:
    """A stream that stays silent ends all the same, after the wait."""
    streams = ClientStreams()
    task, logs = await fed(streams, Client(b"1"))
    await asyncio.wait_for(streams.end(at_once()), 5)
    await asyncio.wait_for(task, 5)
    assert logs.messages == [b"1"]


async def test_nothing_open() -> None:
    """Without streams, `end` returns at once."""
    await asyncio.wait_for(ClientStreams().end(never()), 5)


async def test_refusal() -> None:
    """A consumer's refusal ends the stream, and is not waited for later."""
    streams = ClientStreams()

    class Refusing(CollectedLogs):
        def consume(self, message: bytes) -> None:
            raise RpcError(16, "no")

    with pytest.raises(RpcError):
        await streams.feed(Refusing(), Client(b"1").read)
    await asyncio.wait_for(streams.end(never()), 5)


async def test_cancelled_client() -> None:
    """A client that goes away leaves nothing behind."""
    streams, client = ClientStreams(), Client(b"1")
    task, _ = await fed(streams, client)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(streams.end(never()), 5)
