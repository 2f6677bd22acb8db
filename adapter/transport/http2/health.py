"""The service `grpc.health.v1` (gRPC's health-checking.md)."""

from collections.abc import Callable
from functools import partial

from google.protobuf.message import DecodeError
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from adapter.errors import RpcError
from adapter.transport.http2.calls import ServerStreamMethod
from adapter.transport.service import Metadata, StatusCode, UnaryMethod

_NOT_SERVING: bytes = HealthCheckResponse(
    status=HealthCheckResponse.NOT_SERVING
).SerializeToString()
_SERVING: bytes = HealthCheckResponse(status=HealthCheckResponse.SERVING).SerializeToString()
_UNKNOWN: bytes = HealthCheckResponse(
    status=HealthCheckResponse.SERVICE_UNKNOWN
).SerializeToString()


class Health:
    """Reports the health of the whole server (the service ""); other services are unknown.

    It needs no token, because an orchestrator's probe has none.
    """

    def __init__(self) -> None:
        self._answer = _NOT_SERVING
        self._final = False
        self._watchers: set[Callable[[bytes], None]] = set()

    @property
    def methods(self) -> tuple[UnaryMethod, ServerStreamMethod]:
        """The methods of the health service."""
        return (
            UnaryMethod("/grpc.health.v1.Health/Check", self._check, needs_token=False),
            ServerStreamMethod("/grpc.health.v1.Health/Watch", self._watch, needs_token=False),
        )

    def set_serving(self, serving: bool) -> None:
        """Set the status, and report it to watchers. Has no effect after `leave`."""
        answer = _SERVING if serving else _NOT_SERVING
        if self._final or answer == self._answer:
            return
        self._answer = answer
        for send in tuple(self._watchers):
            send(answer)

    def leave(self) -> None:
        """Set NOT_SERVING permanently."""
        self.set_serving(False)
        self._final = True

    def _check(self, message: bytes, _: Metadata) -> bytes:
        if _service(message):
            raise RpcError(StatusCode.NOT_FOUND, "unknown service")
        return self._answer

    def _watch(self, message: bytes, send: Callable[[bytes], None]) -> Callable[[], None]:
        if _service(message):
            send(_UNKNOWN)
            return lambda: None
        self._watchers.add(send)
        send(self._answer)
        return partial(self._watchers.discard, send)


def _service(message: bytes) -> str:
    try:
        return str(HealthCheckRequest.FromString(message).service)
    except DecodeError as e:
        raise RpcError(StatusCode.INTERNAL, "the health check request cannot be parsed") from e
