"""Either server, with a method of each kind."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager

from adapter.errors import RpcError
from adapter.runtime.clock import Clock, SystemClock
from adapter.transport.grpcio_server import GrpcioServer
from adapter.transport.http2.server import AsyncioServer
from adapter.transport.options import ServerOptions
from adapter.transport.service import ClientStreamMethod, Metadata, Server, UnaryMethod
from support.defaults import server_options
from tests.rig.adapters import CollectedLogs, Observed

ANSWER = "/test.Test/Answer"
COLLECT = "/test.Test/Collect"
TRANSPORTS = ("asyncio", "grpcio")


class Service:
    """Does what a call's message says, and keeps what was collected."""

    def __init__(self) -> None:
        self.logs = CollectedLogs()
        self.cancelled = 0
        self.waiting = 0

    @property
    def methods(self) -> tuple[UnaryMethod | ClientStreamMethod, ...]:
        """What it offers."""
        return UnaryMethod(ANSWER, self._answer), ClientStreamMethod(COLLECT, self._open)

    def _open(self, metadata: Metadata) -> CollectedLogs:
        if "x-refuse" in metadata:
            raise RpcError(16, "who are you?")
        return self.logs.open(metadata)

    def _answer(self, message: bytes, metadata: Metadata) -> bytes | Awaitable[bytes]:
        match message.split(b" ", 1):
            case [b"fail"]:
                raise ZeroDivisionError("the inside of the program")
            case [b"refuse", code]:
                raise RpcError(int(code), "caf\u00e9 100%\n")
            case [b"later"]:
                return asyncio.sleep(0.001, b"late")
            case [b"fail", b"later"]:
                return self._fail()
            case [b"never"]:
                return self._never()
            case [b"metadata", name]:
                return metadata.get(name.decode(), "-").encode()
            case [b"large", size]:
                return bytes(int(size))
        return message

    async def _fail(self) -> bytes:
        raise ZeroDivisionError("the inside of the program")

    async def _never(self) -> bytes:
        self.waiting += 1
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.cancelled += 1
        return b""


@asynccontextmanager
async def serving(
    transport: str,
    service: Service,
    options: ServerOptions | None = None,
    *,
    observed: Observed | None = None,
    clock: Clock | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """A started server that is SERVING."""
    options = options or server_options()
    watching = observed or Observed()
    server: Server
    if transport == "asyncio":
        server = AsyncioServer(service.methods, options, watching, clock or SystemClock(), tls=tls)
    else:
        server = GrpcioServer(service.methods, options, watching, clock or SystemClock())
    await server.start()
    await server.set_serving(True)
    try:
        yield server
    finally:
        await server.drain_and_stop()
