"""The reference server: grpc.aio."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from typing import Any, Final, NoReturn, TypeAlias

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from adapter.clock import Clock
from adapter.errors import ConfigurationError
from adapter.transport.addresses import is_tcp, owned_socket, socket_path
from adapter.transport.client_streams import ClientStreams
from adapter.transport.failures import FailureReport
from adapter.transport.options import ServerOptions
from adapter.transport.service import (
    ClientStreamMethod,
    Metadata,
    Method,
    TransportObserver,
    UnaryMethod,
)

_RpcHandler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
__all__ = ["GrpcioServer", "ServerOptions"]

_STATUS: Final = {code.value[0]: code for code in grpc.StatusCode}


class GrpcioServer:
    """Carries methods on grpc.aio; see `service.Server`."""

    def __init__(
        self,
        methods: Iterable[Method],
        options: ServerOptions,
        observer: TransportObserver,
        clock: Clock,
    ) -> None:
        self._methods = tuple(methods)
        self._options = options
        self._failures = FailureReport(observer, clock)
        self._clock = clock
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._streams: ClientStreams | None = None
        self._addresses: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """See `service.Server`."""
        return self._addresses

    async def start(self) -> None:
        """See `service.Server`."""
        self._streams = ClientStreams()
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", self._options.receive_limit_bytes),
                # Two processes on one port would share its connections by chance: Envoy keeps one
                # connection to an endpoint, so that one process gets everything.
                ("grpc.so_reuseport", 0),
            ]
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        handlers = {method.path: self._rpc(method, self._streams) for method in self._methods}
        self._server.add_generic_rpc_handlers((_MethodTable(handlers),))
        await self.set_serving(False)
        self._addresses = tuple(self._bind(self._server, a) for a in self._options.addresses)
        await self._server.start()

    async def set_serving(self, serving: bool) -> None:
        """See `service.Server`."""
        status = health_pb2.HealthCheckResponse
        await self._health.set("", status.SERVING if serving else status.NOT_SERVING)

    async def drain_and_stop(self) -> None:
        """See `service.Server`."""
        if self._server is None or self._streams is None:
            return
        await self._health.enter_graceful_shutdown()
        await self._clock.sleep(self._options.drain_s)
        await self._streams.end(self._clock.sleep(self._options.stream_end_s))
        await self._server.stop(self._options.stop_s)
        self._server = None

    def _bind(self, server: grpc.aio.Server, address: str) -> str:
        path = socket_path(address)
        options = self._options
        owned = owned_socket(path, options.socket_mode, options.socket_group) if path else None
        try:
            with owned or nullcontext():
                port = server.add_insecure_port(address)
        except RuntimeError as e:
            raise ConfigurationError(
                f"cannot listen on {address!r}: already in use, or not of the form host:port, "
                "unix:/path or unix-abstract:name"
            ) from e
        return f"{address.rpartition(':')[0]}:{port}" if is_tcp(address) else address

    def _rpc(self, method: Method, streams: ClientStreams) -> _RpcHandler:
        if isinstance(method, UnaryMethod):
            return grpc.unary_unary_rpc_method_handler(self._unary(method))
        return grpc.stream_unary_rpc_method_handler(self._client_stream(method, streams))

    def _unary(self, method: UnaryMethod) -> Callable[[bytes, Any], Awaitable[bytes]]:
        call = method.call

        async def answer(message: bytes, context: Any) -> bytes:
            try:
                response = call(message, _metadata(context))
                return response if isinstance(response, bytes) else await response
            except Exception as e:
                await self._abort(context, method.path, e)

        return answer

    def _client_stream(
        self, method: ClientStreamMethod, streams: ClientStreams
    ) -> Callable[[Any, Any], Awaitable[bytes]]:
        async def take(_: Any, context: Any) -> bytes:
            try:
                consumer = method.open(_metadata(context))
                try:
                    await streams.feed(consumer, context.read)
                finally:
                    consumer.finish()
            except Exception as e:
                await self._abort(context, method.path, e)
            return b""

        return take

    async def _abort(self, context: Any, path: str, error: Exception) -> NoReturn:
        code, message = self._failures.status(path, error)
        await context.abort(_STATUS.get(code, grpc.StatusCode.INTERNAL), message)
        raise AssertionError("abort does not return")


class _MethodTable(grpc.GenericRpcHandler):
    """Finds a call's handler by the method's path; what is not here is UNIMPLEMENTED."""

    def __init__(self, handlers: Mapping[str, _RpcHandler]) -> None:
        self._handlers = handlers

    def service(self, handler_call_details: Any) -> "_RpcHandler | None":
        return self._handlers.get(handler_call_details.method)


def _metadata(context: Any) -> Metadata:
    # Values of names that end in -bin are bytes; nobody here asks for such names.
    return dict(context.invocation_metadata())
