"""`grpc.health.v1` (gRPC's health-checking.md): whether the server serves, and who watches it."""

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
    """Answers for the server as a whole, the service ""; there is no other.

    Anyone may ask: an orchestrator's probe has no token.
    """

    def __init__(self) -> None:
        self._answer = _NOT_SERVING
        self._final = False
        self._watchers: set[Callable[[bytes], None]] = set()

    @property
    def methods(self) -> tuple[UnaryMethod, ServerStreamMethod]:
        """What a server carries beside its services."""
        return (
            UnaryMethod("/grpc.health.v1.Health/Check", self._check, needs_token=False),
            ServerStreamMethod("/grpc.health.v1.Health/Watch", self._watch, needs_token=False),
        )

    def set_serving(self, serving: bool) -> None:
        """Say so to whoever asks or watches; without effect after `leave`."""
        answer = _SERVING if serving else _NOT_SERVING
        if self._final or answer == self._answer:
            return
        self._answer = answer
        for send in tuple(self._watchers):
            send(answer)

    def leave(self) -> None:
        """NOT_SERVING for good."""
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
        raise RpcError(StatusCode.INTERNAL, "the health check request does not parse") from e
