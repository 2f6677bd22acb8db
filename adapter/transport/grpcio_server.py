"""The reference server: grpc.aio."""

import ssl
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from typing import Any, Final, NoReturn, TypeAlias

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from adapter.errors import ConfigurationError, RpcError
from adapter.runtime.clock import Clock
from adapter.runtime.file_lock import FileLock
from adapter.transport.addresses import is_tcp, locked_socket, owned_socket, socket_path
from adapter.transport.caller_token import UNKNOWN_CALLER
from adapter.transport.client_streams import ClientStreams
from adapter.transport.failures import FailureReport
from adapter.transport.observer import TransportObserver
from adapter.transport.options import ServerOptions
from adapter.transport.service import (
    ClientStreamMethod,
    Metadata,
    Method,
    StatusCode,
    UnaryMethod,
)

_RpcHandler: TypeAlias = "grpc.RpcMethodHandler[bytes, bytes]"
__all__ = ["GrpcioServer", "ServerOptions"]

_STATUS: Final = {code.value[0]: code for code in grpc.StatusCode}
_FIRST_SETTINGS_MS: Final = 10_000
"""The time limit for a client's preface and SETTINGS."""
_IDLE_MS: Final = 15 * 60 * 1000
_MAX_STREAMS: Final = 4096
_MAX_METADATA_BYTES: Final = 16 * 1024
_NO_TOKEN: Final = RpcError(StatusCode.UNAUTHENTICATED, UNKNOWN_CALLER)


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
        self._observer = observer
        self._clock = clock
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._streams: ClientStreams | None = None
        self._addresses: tuple[str, ...] = ()
        self._locks: list[FileLock] = []
        self._serving = False

    @property
    def addresses(self) -> tuple[str, ...]:
        """See `service.Server`."""
        return self._addresses

    async def bind(self) -> None:
        """See `service.Server`."""
        self._streams = ClientStreams()
        self._server = grpc.aio.server(options=self._limits())
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        handlers = {method.path: self._rpc(method, self._streams) for method in self._methods}
        self._server.add_generic_rpc_handlers((_MethodTable(handlers, self._refusal_of),))
        await self.set_serving(False)
        try:
            self._addresses = tuple(self._bind(self._server, a) for a in self._options.addresses)
        except BaseException:
            self._unlock()
            raise

    async def start(self) -> None:
        """See `service.Server`."""
        if self._server is None:
            await self.bind()
        if self._server is not None:
            await self._server.start()
            self._serving = True

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Not called: the settings allow TLS on the asyncio transport only."""
        raise NotImplementedError

    async def set_serving(self, serving: bool) -> None:
        """See `service.Server`."""
        status = health_pb2.HealthCheckResponse
        await self._health.set("", status.SERVING if serving else status.NOT_SERVING)

    async def drain_and_stop(self) -> None:
        """See `service.Server`."""
        if self._server is None or self._streams is None:
            return
        if not self._serving:
            await self._server.stop(None)
            self._unlock()
            return
        await self._health.enter_graceful_shutdown()
        await self._clock.sleep(self._options.drain_s)
        await self._streams.end(self._clock.sleep(self._options.stream_end_s))
        await self._server.stop(self._options.stop_s)
        self._server = None
        self._unlock()

    def _unlock(self) -> None:
        for lock in self._locks:
            lock.release()
        self._locks.clear()

    def _limits(self) -> list[tuple[str, int]]:
        return [
            ("grpc.max_receive_message_length", self._options.receive_limit_bytes),
            ("grpc.max_allowed_incoming_connections", self._options.max_connections),
            ("grpc.max_concurrent_streams", _MAX_STREAMS),
            ("grpc.max_metadata_size", _MAX_METADATA_BYTES),
            ("grpc.absolute_max_metadata_size", _MAX_METADATA_BYTES),
            ("grpc.server_handshake_timeout_ms", _FIRST_SETTINGS_MS),
            ("grpc.http2.settings_timeout", _FIRST_SETTINGS_MS),
            ("grpc.max_connection_idle_ms", _IDLE_MS),
            # If two processes shared a port, one of them would get all Checks of an Envoy, because
            # Envoy keeps one connection per endpoint.
            ("grpc.so_reuseport", 0),
        ]

    def _refusal_of(self, path: str, metadata: Metadata) -> "_RpcHandler | None":
        """The handler for a call without the token, which reads no message; None for others."""
        if self._options.token.is_in(metadata):
            return None
        streams = [m.path for m in self._methods if isinstance(m, ClientStreamMethod)]
        kind = "stream_unauthenticated" if path in streams else "unauthenticated"

        async def refuse(_: Any, context: Any) -> bytes:
            self._observer.caller_refused(kind, context.peer(), "")
            await self._abort(context, path, _NO_TOKEN)

        return grpc.stream_unary_rpc_method_handler(refuse)

    def _bind(self, server: grpc.aio.Server, address: str) -> str:
        path = socket_path(address)
        options = self._options
        if path:
            self._locks.append(locked_socket(path))
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
    """Finds a call's handler by the method's path. Other paths are UNIMPLEMENTED.

    gRPC calls it when the call's headers have arrived, before its message.
    """

    def __init__(
        self,
        handlers: dict[str, _RpcHandler],
        refusal_of: Callable[[str, Metadata], "_RpcHandler | None"],
    ) -> None:
        self._handlers = handlers
        self._refusal_of = refusal_of

    def service(self, handler_call_details: Any) -> "_RpcHandler | None":
        path = handler_call_details.method
        if path not in self._handlers:
            return None
        metadata = dict(handler_call_details.invocation_metadata)
        return self._refusal_of(path, metadata) or self._handlers[path]


def _metadata(context: Any) -> Metadata:
    # Values of names that end in -bin are bytes. No service reads such names.
    return dict(context.invocation_metadata())
