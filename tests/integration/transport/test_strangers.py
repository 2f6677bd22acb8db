"""Clients that do not know the token, at both servers."""

import asyncio
import socket
import ssl
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from adapter.transport.caller_token import CallerToken
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.http2.tls import server_context
from adapter.transport.options import ServerOptions
from support.defaults import server_options
from tests.integration.transport.hostile import HELLO, many, opened, opening, until_closed
from tests.integration.transport.servers import (
    ANSWER,
    COLLECT,
    TRANSPORTS,
    Service,
    serving,
)
from tests.integration.transport.test_servers import call, channel, refusal, stream
from tests.rig.adapters import Observed
from tests.rig.certificates import Authority
from tests.rig.clock import FakeClock
from tests.rig.polling import until
from tests.rig.raw_http2 import DATA, frame, message

TOKEN = (("x-adapter-token", "secret"),)
PART_OF_A_MESSAGE = frame(DATA, 0, 1, message(bytes(100_000))[:16_000])

on_both = pytest.mark.parametrize("transport", TRANSPORTS)


def guarded(**how: object) -> ServerOptions:
    """Options of a server that asks for a token."""
    return server_options(token=CallerToken("secret"), **how)


def limited(limits: Limits, tls: ssl.SSLContext | None = None) -> AsyncioServer:
    """An asyncio server with these limits that asks for a token."""
    watching, clock = Observed(), FakeClock()
    how = guarded(stop_s=0)
    return AsyncioServer(Service().methods, how, watching, clock, limits=limits, tls=tls)


@on_both
@pytest.mark.parametrize("path", [ANSWER, COLLECT])
async def test_a_call_without_the_token_is_answered_before_its_message(
    transport: str, path: str
) -> None:
    """Its fields are answered, though its message never comes to its end."""
    observed, service = Observed(), Service()
    async with serving(transport, service, guarded(), observed=observed) as server:
        client = await opened(server.addresses[0], HELLO + opening(path) + PART_OF_A_MESSAGE)
        await until(lambda: observed.failed == [(path, 16)])
        client[1].close()
    assert service.logs.opened == 0


@on_both
async def test_the_token_opens_the_methods(transport: str) -> None:
    """With it calls and streams are taken; health needs none."""
    async with serving(transport, Service(), guarded()) as server, channel(server) as client:
        assert await call(client, b"hello", metadata=TOKEN) == b"hello"
        assert await stream(client, COLLECT, iter([b"a"]), metadata=TOKEN) == b""
        refused = await refusal(client, b"hello", metadata=(("x-adapter-token", "other"),))
        assert refused.code() is grpc.StatusCode.UNAUTHENTICATED
        assert "x-adapter-token" in str(refused.details())
        assert (await refusal(client, b"")).code() is grpc.StatusCode.UNAUTHENTICATED
        request = health_pb2.HealthCheckRequest()
        stub = health_pb2_grpc.HealthStub(client)
        assert (await stub.Check(request, timeout=10)).status == 1


@pytest.mark.parametrize("octets", [b"", HELLO, HELLO + opening(ANSWER) + PART_OF_A_MESSAGE])
async def test_idle_connections_lock_nobody_out(octets: bytes) -> None:
    """However many there are, a client that makes a call at once is served, and stays."""
    server = limited(Limits(max_connections=8))
    await server.start()
    address = server.addresses[0]
    async with channel(server) as known:
        assert await call(known, b"before", metadata=TOKEN) == b"before"
        async with many(address, 40, octets):
            await until(lambda: server.counters["connections"] >= 30)
            async with channel(server) as newcomer:
                assert await call(newcomer, b"hello", metadata=TOKEN) == b"hello"
            assert await call(known, b"after", metadata=TOKEN) == b"after"
        assert server.connections <= 8
    await server.drain_and_stop()


async def test_tls_handshakes_lock_nobody_out(tmp_path: Path) -> None:
    """Those that are never ended make room for others, and leave no descriptor behind."""
    authority = Authority(tmp_path)
    tls = server_context(*authority.issue("server"))
    server = limited(Limits(max_connections=4), tls=tls)
    await server.start()
    address = server.addresses[0]
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes())
    async with many(address, 20) as clients:
        await until(lambda: server.counters["connections"] >= 16)
        async with grpc.aio.secure_channel(address, credentials) as client:
            assert await call(client, b"hello", metadata=TOKEN) == b"hello"
        await until_closed(clients[0])
    await until(lambda: server.connections == 0)
    await server.drain_and_stop()


async def test_a_tls_handshake_has_little_time(tmp_path: Path) -> None:
    """It is given up and counted."""
    tls = server_context(*Authority(tmp_path).issue("server"))
    server = limited(Limits(handshake_s=0.05), tls=tls)
    await server.start()
    client = await opened(server.addresses[0])
    assert await until_closed(client) == b""
    await until(lambda: server.counters["tls_handshake"] == 1)
    assert server.connections == 0
    client[1].close()
    await server.drain_and_stop()


async def test_stopping_amid_handshakes(tmp_path: Path) -> None:
    """An unfinished TLS handshake does not delay the stop."""
    tls = server_context(*Authority(tmp_path).issue("server"))
    server = limited(Limits(), tls=tls)
    await server.start()
    async with many(server.addresses[0], 2) as clients:
        await until(lambda: server.connections == 2)
        await asyncio.wait_for(server.drain_and_stop(), 10)
        for client in clients:
            assert await until_closed(client) == b""


async def test_connections_that_fail_leave_no_descriptor(tmp_path: Path) -> None:
    """Neither refused ones nor broken handshakes."""
    tls = server_context(*Authority(tmp_path).issue("server"))
    server = limited(Limits(max_connections=1), tls=tls)
    await server.start()
    for _ in range(5):
        client = await opened(server.addresses[0], b"GET / HTTP/1.1\r\n\r\n")
        await until_closed(client)
        client[1].close()
    await until(lambda: server.connections == 0)
    assert server.counters["no_tls"] == 5
    await server.drain_and_stop()
    with socket.socket() as free:
        assert free.connect_ex(("127.0.0.1", int(server.addresses[0].rpartition(":")[2]))) != 0


async def test_connections_of_the_reference_server_are_bounded_too() -> None:
    """There the newest has to leave; it knows no strangers."""
    async with serving("grpcio", Service(), guarded(max_connections=2)) as server:
        async with channel(server) as known:
            assert await call(known, b"before", metadata=TOKEN) == b"before"
            first = await opened(server.addresses[0])
            await first[0].readexactly(9)
            newest = await opened(server.addresses[0])
            assert await until_closed(newest) == b""
            assert await call(known, b"after", metadata=TOKEN) == b"after"
        for _, writer in (first, newest):
            writer.close()
