"""The grpc.aio server, called by gRPC clients over real sockets."""

import asyncio
import grp
import os
import socket
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from structlog.testing import capture_logs

from adapter.errors import ConfigurationError, RpcError
from adapter.runtime.clock import Clock, SystemClock
from adapter.transport.grpcio_server import GrpcioServer
from adapter.transport.service import ClientStreamMethod, Metadata, Server, UnaryMethod
from support.defaults import server_options
from tests.rig.adapters import CollectedLogs, Observed
from tests.rig.clock import FakeClock
from tests.rig.polling import until

TCP = "127.0.0.1:0"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


def answer(message: bytes, metadata: Metadata) -> bytes | Awaitable[bytes]:
    """Does what the message says."""
    match message:
        case b"fail":
            raise ZeroDivisionError("the inside of the program")
        case b"refuse":
            raise RpcError(16, "who are you?")
        case b"unavailable":
            raise RpcError(14, "later")
        case b"later":
            return asyncio.sleep(0, b"late")
        case b"fail later":
            return _fail()
    return message + metadata.get("x-suffix", "").encode()


async def _fail() -> bytes:
    raise ZeroDivisionError("the inside of the program")


@asynccontextmanager
async def running(
    *addresses: str,
    observed: Observed | None = None,
    logs: CollectedLogs | None = None,
    receive_limit_bytes: int = 1 << 20,
    drain_s: float = 0,
    stop_s: float = 1,
    clock: Clock | None = None,
) -> AsyncIterator[Server]:
    """A started server with one method of each kind."""
    server = GrpcioServer(
        [
            UnaryMethod("/test.Test/Answer", answer),
            ClientStreamMethod("/test.Test/Collect", (logs or CollectedLogs()).open),
        ],
        server_options(
            *(addresses or (TCP,)),
            receive_limit_bytes=receive_limit_bytes,
            drain_s=drain_s,
            stop_s=stop_s,
        ),
        observed or Observed(),
        clock or SystemClock(),
    )
    await server.start()
    try:
        yield server
    finally:
        await server.drain_and_stop()


async def call(
    address: str,
    message: bytes,
    *,
    method: str = "/test.Test/Answer",
    metadata: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """One unary call over a connection of its own."""
    async with grpc.aio.insecure_channel(address) as channel:
        echo: Callable[..., Awaitable[bytes]] = channel.unary_unary(method)
        return await echo(message, metadata=metadata, timeout=10)


async def refusal(address: str, message: bytes, **how: str) -> grpc.aio.AioRpcError:
    """The error that such a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call(address, message, **how)  # type: ignore[arg-type]
    return raised.value


async def health(address: str) -> int:
    """What the health service says."""
    async with grpc.aio.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        response = await stub.Check(health_pb2.HealthCheckRequest(), timeout=10)
        return int(response.status)


async def test_answers() -> None:
    """Methods answer at once or later, and see the call's metadata."""
    async with running() as server:
        (address,) = server.addresses
        assert await call(address, b"a", metadata=(("x-suffix", "b"),)) == b"ab"
        assert await call(address, b"later") == b"late"


async def test_refusals() -> None:
    """An RpcError is the call's status; UNAVAILABLE alone is not, since Envoy would retry it."""
    observed = Observed()
    async with running(observed=observed) as server:
        (address,) = server.addresses
        refused = await refusal(address, b"refuse")
        assert (refused.code(), refused.details()) == (
            grpc.StatusCode.UNAUTHENTICATED,
            "who are you?",
        )
        assert (await refusal(address, b"unavailable")).code() is grpc.StatusCode.INTERNAL
    assert observed.failed == [("/test.Test/Answer", 16), ("/test.Test/Answer", 13)]


async def test_bugs() -> None:
    """A bug is INTERNAL, tells the caller nothing, and is logged once and counted each time."""
    observed = Observed()
    with capture_logs() as logs:
        async with running(observed=observed) as server:
            (address,) = server.addresses
            for message in (b"fail", b"fail later", b"fail"):
                failed = await refusal(address, message)
                assert failed.code() is grpc.StatusCode.INTERNAL
                assert failed.details() == "internal error"
    assert len(observed.failed) == 3
    assert [log["event"] for log in logs] == ["transport.call_failed"]


async def test_unknown_methods() -> None:
    """What is not offered is UNIMPLEMENTED."""
    async with running() as server:
        (address,) = server.addresses
        refused = await refusal(address, b"", method="/test.Test/Other")
    assert refused.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_receive_limit() -> None:
    """Messages up to the limit are taken, larger ones are refused."""
    async with running(receive_limit_bytes=200_000) as server:
        (address,) = server.addresses
        assert len(await call(address, b"x" * 200_000)) == 200_000
        refused = await refusal(address, b"x" * 200_001)
    assert refused.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_health() -> None:
    """The server is NOT_SERVING until it is told otherwise, and for good once it drains."""
    clock = FakeClock()
    async with running(drain_s=60, clock=clock) as server:
        (address,) = server.addresses
        assert await health(address) == NOT_SERVING
        await server.set_serving(True)
        assert await health(address) == SERVING
        draining = asyncio.create_task(server.drain_and_stop())
        async with asyncio.timeout(10):
            while await health(address) == SERVING:
                pass
        await server.set_serving(True)
        assert await health(address) == NOT_SERVING
        assert await call(address, b"still answered") == b"still answered"
        await clock.advance(60)
        await draining


async def test_client_stream() -> None:
    """A client stream's messages arrive in order; its end is told once."""
    logs = CollectedLogs()
    async with (
        running(logs=logs) as server,
        grpc.aio.insecure_channel(server.addresses[0]) as channel,
    ):
        collect: Callable[..., Awaitable[bytes]] = channel.stream_unary("/test.Test/Collect")
        assert await collect(iter([b"1", b"2"])) == b""
    assert (logs.messages, logs.finished) == ([b"1", b"2"], 1)


async def test_stop_ends_open_streams() -> None:
    """A stream that its client never ends gets OK, long before the deadline."""
    logs = CollectedLogs()
    async with running(logs=logs, stop_s=600) as server:
        channel = grpc.aio.insecure_channel(server.addresses[0])
        collect: Callable[..., Any] = channel.stream_unary("/test.Test/Collect")
        stream = collect()
        await stream.write(b"1")
        await until(lambda: logs.messages)
        await asyncio.wait_for(server.drain_and_stop(), 20)
        assert await stream == b""
        await channel.close()
    assert logs.finished == 1


async def test_stop_before_start() -> None:
    """Stopping what never started is nothing."""
    server = GrpcioServer([], server_options(TCP), Observed(), SystemClock())
    await server.drain_and_stop()
    assert server.addresses == ()


async def test_port_in_use() -> None:
    """Two servers do not share a port silently."""
    async with running() as server:
        with pytest.raises(ConfigurationError, match="already in use"):
            async with running(*server.addresses):
                pass


async def test_bad_address() -> None:
    """An address of no known form is named."""
    with pytest.raises(ConfigurationError, match="nowhere"):
        async with running("nowhere"):
            pass


async def test_unix_socket(tmp_path: Path) -> None:
    """A socket gets its mode and group; a stale file of a killed process is taken over."""
    path = tmp_path / "adapter.sock"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    group = grp.getgrgid(os.getgid()).gr_name
    options = server_options(f"unix:{path}", socket_mode=0o640, socket_group=group)
    server = GrpcioServer(
        [UnaryMethod("/test.Test/Answer", answer)], options, Observed(), SystemClock()
    )
    await server.start()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_gid == os.getgid()
    assert await call(f"unix:{path}", b"a") == b"a"
    await server.drain_and_stop()


async def test_unix_socket_in_use(tmp_path: Path) -> None:
    """A second process does not take the first one's path away."""
    address = f"unix:{tmp_path}/adapter.sock"
    async with running(address):
        with pytest.raises(ConfigurationError, match="uses this socket"):
            async with running(address):
                pass
        assert await call(address, b"a") == b"a"


@pytest.mark.parametrize(
    ("name", "group", "fault"),
    [
        ("file", None, "is not a socket"),
        ("missing/adapter.sock", None, "does not exist"),
        ("adapter.sock", "no-such-group", "no group 'no-such-group'"),
        ("x" * 120, None, "cannot listen"),
        ("x" * 300, None, "cannot listen"),
    ],
)
async def test_bad_sockets(tmp_path: Path, name: str, group: str | None, fault: str) -> None:
    """What stands in a socket's way is named."""
    (tmp_path / "file").write_text("precious")
    options = server_options(f"unix:{tmp_path / name}", socket_group=group)
    server = GrpcioServer([], options, Observed(), SystemClock())
    with pytest.raises(ConfigurationError, match=fault):
        await server.start()
    assert (tmp_path / "file").read_text() == "precious"
