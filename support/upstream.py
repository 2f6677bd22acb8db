"""A service behind Envoy that returns what it received, over HTTP and gRPC."""

import asyncio
import json
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
from aiohttp import WSMsgType, web

ECHO = "/demo.Echo/Headers"
"""A unary gRPC method that returns the metadata of its call as JSON."""


class Upstream:
    """An HTTP service and a gRPC service on loopback ports. Port 0: the system chooses.

    `tls` is a PEM file of a certificate and one of its key. `reached` is called with the path of
    each HTTP request.
    """

    def __init__(
        self,
        http_port: int = 0,
        grpc_port: int = 0,
        tls: tuple[Path, Path] | None = None,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ports = http_port, grpc_port
        self._tls = tls
        self._reached = reached
        self.http_address = ""
        self.grpc_address = ""
        self.requests = 0
        """The number of received HTTP requests."""
        self.server_names: list[str | None] = []
        """The names that TLS clients of the HTTP service asked for (SNI)."""

    async def start(self) -> None:
        """Listen on both ports."""
        app = web.Application(client_max_size=1 << 24)
        app.router.add_get("/socket", _echo_socket)
        app.router.add_route("*", "/{path:.*}", self._tell)
        self._runner = web.AppRunner(
            app, access_log=None, max_field_size=1 << 16, max_line_size=1 << 16
        )
        await self._runner.setup()
        http_port, grpc_port = self._ports
        context = self._ssl_context()
        await web.TCPSite(self._runner, "127.0.0.1", http_port, ssl_context=context).start()
        self.http_address = f"127.0.0.1:{self._runner.addresses[0][1]}"
        self._grpc = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
        self._grpc.add_generic_rpc_handlers((_EchoMethod(),))
        self.grpc_address = f"127.0.0.1:{self._add_grpc_port(f'127.0.0.1:{grpc_port}')}"
        await self._grpc.start()

    async def stop(self) -> None:
        """Stop both."""
        await self._grpc.stop(0)
        await self._runner.cleanup()

    def _ssl_context(self) -> ssl.SSLContext | None:
        if self._tls is None:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self._tls)
        context.sni_callback = lambda _, name, __: self.server_names.append(name)
        return context

    def _add_grpc_port(self, address: str) -> int:
        if self._tls is None:
            return self._grpc.add_insecure_port(address)
        certificate, key = (file.read_bytes() for file in self._tls)
        credentials = grpc.ssl_server_credentials([(key, certificate)])
        return self._grpc.add_secure_port(address, credentials)

    async def _tell(self, request: web.Request) -> web.Response:
        """Return the method, path and query, headers and body size, as received.

        The request's header `x-answer-status` chooses the status, such as 503.
        """
        self.requests += 1
        self._reached(request.path)
        seen = {
            "method": request.method,
            "path": request.raw_path,
            "headers": [[name.lower(), value] for name, value in request.headers.items()],
            "body_bytes": len(await request.read()),
        }
        body = json.dumps(seen, indent=2, ensure_ascii=True) + "\n"
        status = int(request.headers.get("x-answer-status", 200))
        return web.Response(text=body, content_type="application/json", status=status)


async def _echo_socket(request: web.Request) -> web.WebSocketResponse:
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await socket.send_str(message.data)
    return socket


class _EchoMethod(grpc.GenericRpcHandler):
    def service(self, handler_call_details: Any) -> Any:
        if handler_call_details.method != ECHO:
            return None
        return grpc.unary_unary_rpc_method_handler(_tell_metadata)


async def _tell_metadata(_: bytes, context: Any) -> bytes:
    metadata = [[name, str(value)] for name, value in context.invocation_metadata()]
    return json.dumps(metadata).encode()


async def _serve() -> None:
    upstream = Upstream()
    await upstream.start()
    print(f"HTTP on {upstream.http_address}, gRPC on {upstream.grpc_address}")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve())
