"""What both servers do for real gRPC clients."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from adapter.errors import ConfigurationError
from adapter.transport.service import Server
from support.defaults import server_options
from tests.integration.transport.servers import ANSWER, COLLECT, TRANSPORTS, Service, serving
from tests.rig.adapters import Observed
from tests.rig.clock import FakeClock
from tests.rig.polling import until

pytestmark = pytest.mark.parametrize("transport", TRANSPORTS)
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
LIMITED = 100_000


def channel(server: Server) -> grpc.aio.Channel:
    """A connection to the server's first address."""
    return grpc.aio.insecure_channel(server.addresses[0])


async def call(
    channel: grpc.aio.Channel, message: bytes, method: str = ANSWER, **how: Any
) -> bytes:
    """One unary call."""
    unary: Callable[..., Awaitable[bytes]] = channel.unary_unary(method)
    return await unary(message, **({"timeout": 10} | how))


def stream(channel: grpc.aio.Channel, method: str, *messages: Any, **how: Any) -> Any:
    """A client stream; without messages, they are written one by one."""
    client_stream: Callable[..., Any] = channel.stream_unary(method)
    return client_stream(*messages, **({"timeout": 20} | how))


async def refusal(channel: grpc.aio.Channel, message: bytes, *where: str, **how: Any) -> Any:
    """The error that such a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(channel, message, *where, **how)
    return raised.value


async def test_answers(transport: str) -> None:
    """Methods answer at once or later, see metadata, and many calls go on at once."""
    async with serving(transport, Service()) as server, channel(server) as client:
        assert await call(client, b"hello") == b"hello"
        assert await call(client, b"later") == b"late"
        metadata = (("x-a", "1"), ("x-a", "2"), ("x-b", ""))
        assert await call(client, b"metadata x-a", metadata=metadata) == b"2"
        assert await call(client, b"metadata x-b", metadata=metadata) == b""
        assert await call(client, b"metadata x-c", metadata=metadata) == b"-"
        messages = [b"%d" % i for i in range(500)]
        assert await asyncio.gather(*(call(client, m) for m in messages)) == messages


async def test_refusals(transport: str) -> None:
    """An RpcError is the call's status, with its text; UNAVAILABLE alone is INTERNAL."""
    observed = Observed()
    async with (
        serving(transport, Service(), observed=observed) as server,
        channel(server) as client,
    ):
        refused = await refusal(client, b"refuse 16")
        assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
        assert refused.details() == "caf\u00e9 100%\n"
        assert (await refusal(client, b"refuse 14")).code() is grpc.StatusCode.INTERNAL
    assert observed.failed == [(ANSWER, 16), (ANSWER, 13)]


async def test_bugs(transport: str) -> None:
    """A bug is INTERNAL, tells the caller nothing, and is logged once and counted each time."""
    observed = Observed()
    with capture_logs() as logs:
        async with (
            serving(transport, Service(), observed=observed) as server,
            channel(server) as client,
        ):
            for message in (b"fail", b"fail later", b"fail"):
                failed = await refusal(client, message)
                assert failed.code() is grpc.StatusCode.INTERNAL
                assert failed.details() == "internal error"
    assert len(observed.failed) == 3
    assert [log["event"] for log in logs] == ["transport.call_failed"]


async def test_unknown_methods(transport: str) -> None:
    """What is not offered is UNIMPLEMENTED, for unary calls and for streams that have no end."""
    async with serving(transport, Service()) as server, channel(server) as client:
        failed = await refusal(client, b"", "/test.Test/Unknown")
        assert failed.code() is grpc.StatusCode.UNIMPLEMENTED
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stream(client, "/test.Test/Unknown")
        assert raised.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_client_streams(transport: str) -> None:
    """Messages are handed over as they come, large ones too; the end is answered."""
    service = Service()
    first = bytes(62_000)

    async def messages() -> AsyncIterator[bytes]:
        yield first
        await until(lambda: service.logs.messages == [first])
        for _ in range(50):
            yield bytes(16_000)

    async with serving(transport, service) as server, channel(server) as client:
        assert await stream(client, COLLECT, messages()) == b""
        await until(lambda: service.logs.finished == 1)
    assert len(service.logs.messages) == 51


async def test_refused_streams(transport: str) -> None:
    """A stream may be refused by its metadata."""
    async with serving(transport, Service()) as server, channel(server) as client:
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stream(client, COLLECT, metadata=(("x-refuse", "1"),))
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_clients_that_leave(transport: str) -> None:
    """A call is cancelled when its client gives up or goes away; a stream is finished."""
    service = Service()
    async with serving(transport, service) as server:
        async with channel(server) as client:
            late = await refusal(client, b"never", timeout=0.2)
            assert late.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            await until(lambda: service.cancelled == service.waiting == 1)
            collecting = stream(client, COLLECT)
            await collecting.write(b"a")
            await until(lambda: service.logs.messages)
        await until(lambda: service.logs.finished == 1)


async def test_message_limits(transport: str) -> None:
    """A message over the limit is RESOURCE_EXHAUSTED, one at the limit is not; answers are free."""
    limited = server_options(receive_limit_bytes=LIMITED)
    async with serving(transport, Service(), limited) as server, channel(server) as client:
        assert await call(client, bytes(LIMITED)) == bytes(LIMITED)
        failed = await refusal(client, bytes(LIMITED + 1))
        assert failed.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(await call(client, b"large 3000000")) == 3_000_000
        assert await call(client, b"after") == b"after"


async def test_health(transport: str) -> None:
    """Check and Watch tell what the server says of itself; other services are not known."""
    async with serving(transport, Service()) as server, channel(server) as client:
        stub = health_pb2_grpc.HealthStub(client)
        request = health_pb2.HealthCheckRequest()
        watch = stub.Watch(request, timeout=20)
        assert (await watch.read()).status == SERVING
        await server.set_serving(False)
        assert (await watch.read()).status == NOT_SERVING
        assert (await stub.Check(request, timeout=10)).status == NOT_SERVING
        other = health_pb2.HealthCheckRequest(service="other")
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await stub.Check(other, timeout=10)
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND
        unknown = await stub.Watch(other, timeout=10).read()
        assert unknown.status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        watch.cancel()


async def test_unix_sockets(transport: str, tmp_path: Path) -> None:
    """A path with its mode, over a stale file, gone afterwards; and an abstract name."""
    path = tmp_path / "adapter.sock"
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    abstract = f"unix-abstract:{tmp_path.name}-{transport}"
    both = server_options(f"unix:{path}", abstract, socket_mode=0o640)
    async with serving(transport, Service(), both) as server:
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        assert server.addresses == (f"unix:{path}", abstract)
        for address in server.addresses:
            async with grpc.aio.insecure_channel(address) as client:
                assert await call(client, b"hello") == b"hello"
    assert not path.exists()


async def test_addresses_in_use(transport: str, tmp_path: Path) -> None:
    """An address that is taken is the operator's error, named; nobody's socket is taken away."""
    unix = f"unix:{tmp_path / 'adapter.sock'}"
    async with serving(transport, Service(), server_options("127.0.0.1:0", unix)) as server:
        for address in server.addresses:
            with pytest.raises(ConfigurationError, match=address.rpartition("/")[2]):
                async with serving(transport, Service(), server_options(address)):
                    pass
        async with grpc.aio.insecure_channel(unix) as client:
            assert await call(client, b"hello") == b"hello"


async def test_drain(transport: str) -> None:
    """NOT_SERVING first and for good; then streams are ended; calls under way are answered."""
    service, clock = Service(), FakeClock()
    slow = server_options(drain_s=5, stream_end_s=1, stop_s=5)
    async with serving(transport, service, slow, clock=clock) as server, channel(server) as client:
        stub = health_pb2_grpc.HealthStub(client)
        collecting = stream(client, COLLECT)
        await collecting.write(b"a")
        await until(lambda: service.logs.messages)
        stopping = asyncio.create_task(server.drain_and_stop())
        await clock.settle()
        request = health_pb2.HealthCheckRequest()
        assert (await stub.Check(request, timeout=10)).status == NOT_SERVING
        await server.set_serving(True)
        assert (await stub.Check(request, timeout=10)).status == NOT_SERVING
        assert await call(client, b"still here") == b"still here"
        assert not stopping.done()
        await clock.advance(5.1)
        await clock.advance(1.1)
        assert await asyncio.wait_for(collecting, 10) == b""
        await asyncio.wait_for(stopping, 10)
    assert (service.logs.finished, service.logs.messages) == (1, [b"a"])


async def test_stop_within_a_deadline(transport: str) -> None:
    """A call that never ends does not delay the stop."""
    service = Service()
    async with (
        serving(transport, service, server_options(stop_s=0.1)) as server,
        channel(server) as client,
    ):
        never = asyncio.create_task(refusal(client, b"never"))
        await until(lambda: service.waiting)
        await asyncio.wait_for(server.drain_and_stop(), 10)
        assert (await never).code() in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert service.cancelled == 1


async def test_stopping_twice(transport: str) -> None:
    """Stopping a server that has stopped does nothing."""
    async with serving(transport, Service()) as server:
        await server.drain_and_stop()
