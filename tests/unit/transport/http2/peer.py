"""A client in memory: what it sends is octets of its choosing, what it gets is taken apart."""

import asyncio
from typing import Any, NamedTuple

from hpack import Decoder, Encoder

from adapter.errors import RpcError
from adapter.transport.caller_token import CallerToken
from adapter.transport.failures import FailureReport
from adapter.transport.http2 import frames
from adapter.transport.http2.calls import Route
from adapter.transport.http2.connection import Connection
from adapter.transport.http2.grpc_messages import framed
from adapter.transport.http2.limits import Limits
from adapter.transport.http2.shared import Shared
from adapter.transport.service import ClientStreamMethod, Metadata, UnaryMethod
from tests.rig.adapters import CollectedLogs, Observed
from tests.rig.clock import FakeClock

ECHO = "/test.Test/Echo"
LATER = "/test.Test/Later"
COLLECT = "/test.Test/Collect"

Fields = list[tuple[str, str]]


def echo(message: bytes, metadata: Metadata) -> bytes:
    """The message, again."""
    return message


class Refusing:
    """A consumer that refuses its first message, and fails at its end."""

    def __init__(self, metadata: Metadata) -> None:
        """Open."""

    def consume(self, message: bytes) -> None:
        """Refuse."""
        raise RpcError(16, "caf\u00e9 100%")

    def finish(self) -> None:
        """Fail."""
        raise ZeroDivisionError


class Frame(NamedTuple):
    """A frame that we were sent."""

    kind: int
    flags: int
    stream_id: int
    payload: bytes


class Answer:
    """What came back in one stream."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.body = b""
        self.trailers: dict[str, str] = {}
        self.ended = False

    @property
    def status(self) -> str | None:
        """The gRPC status, wherever it stands."""
        return self.trailers.get("grpc-status") or self.headers.get("grpc-status")

    @property
    def message(self) -> bytes:
        """The message that came, without its framing."""
        return self.body[5:]


class MemoryTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, extra: dict[str, Any]) -> None:
        super().__init__(extra)
        self.written = bytearray()
        self.writes = 0
        self.closed = self.aborted = False
        self.reading = True

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """See `asyncio.WriteTransport`."""
        assert not self.closed, "nothing may be written to a closed transport"
        self.written += data
        self.writes += 1

    def close(self) -> None:
        """See `asyncio.BaseTransport`."""
        self.closed = True

    def abort(self) -> None:
        """See `asyncio.WriteTransport`."""
        self.closed = self.aborted = True

    def pause_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self.reading = False

    def resume_reading(self) -> None:
        """See `asyncio.ReadTransport`."""
        self.reading = True


class Peer:
    """Connected on making; `greet=False` leaves out the preface, `beside` shares its server."""

    def __init__(
        self,
        *routes: Route,
        limits: Limits | None = None,
        settings: dict[int, int] | None = None,
        greet: bool = True,
        token: str | None = None,
        beside: "Peer | None" = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        self.logs = CollectedLogs()
        self.later: list[asyncio.Future[bytes]] = []
        self.observed = Observed()
        offered = (
            UnaryMethod(ECHO, echo),
            UnaryMethod(LATER, self._later),
            ClientStreamMethod(COLLECT, self.logs.open),
            *routes,
        )
        self.shared = Shared(
            {route.path: route for route in offered},
            CallerToken(token),
            limits or Limits(),
            FailureReport(self.observed, FakeClock()),
            self.observed,
        )
        if beside is not None:
            self.shared = beside.shared
        self.connection = Connection(self.shared)
        self.transport = MemoryTransport(extra or {})
        self.encoder = Encoder()
        self._decoder = Decoder()
        self._seen = 0
        self.answers: dict[int, Answer] = {}
        self.connection.connection_made(self.transport)
        if greet:
            self.send(frames.PREFACE + frames.settings(settings or {}))

    def _later(self, message: bytes, metadata: Metadata) -> asyncio.Future[bytes]:
        self.later.append(asyncio.get_running_loop().create_future())
        return self.later[-1]

    @property
    def counted(self) -> dict[str, int]:
        """The counters that are not zero."""
        return {kind: count for kind, count in self.shared.counters.items() if count}

    def send(self, *octets: bytes) -> list[Frame]:
        """Send all at once; gives the frames that came back."""
        self.connection.data_received(b"".join(octets))
        return self.received()

    async def settled(self) -> list[Frame]:
        """Let everything run that can; gives the frames that came back."""
        for _ in range(10):
            await asyncio.sleep(0)
        return self.received()

    def received(self) -> list[Frame]:
        """The frames that came since the last time; answers are put together on the way."""
        found = []
        while len(self.transport.written) > self._seen:
            number, flags, stream_id = frames.HEAD.unpack_from(self.transport.written, self._seen)
            start = self._seen + frames.HEAD_SIZE
            self._seen = start + (number >> 8)
            payload = bytes(self.transport.written[start : self._seen])
            found.append(Frame(number & 0xFF, flags, stream_id, payload))
            self._note(found[-1])
        return found

    def _note(self, frame: Frame) -> None:
        if frame.kind not in {frames.DATA, frames.HEADERS}:
            return
        answer = self.answers.setdefault(frame.stream_id, Answer())
        assert not answer.ended, "nothing may follow END_STREAM"
        if frame.kind == frames.DATA:
            answer.body += frame.payload
        else:
            fields = {str(name): str(value) for name, value in self._decoder.decode(frame.payload)}
            if answer.headers:
                answer.trailers = fields
            else:
                answer.headers = fields
        answer.ended = bool(frame.flags & frames.END_STREAM)

    def fields(self, path: str = ECHO, *more: tuple[str, str], **other: str) -> bytes:
        """The block of a gRPC request; `other` replaces pseudo-headers."""
        pseudo = {"method": "POST", "scheme": "http", "path": path, "authority": "adapter"} | other
        fields = [(f":{name}", value) for name, value in pseudo.items()]
        fields += [("te", "trailers"), ("content-type", "application/grpc"), *more]
        return self.encoder.encode(fields)

    def opening(self, stream_id: int, path: str = ECHO, *more: tuple[str, str]) -> bytes:
        """HEADERS of a gRPC request."""
        return frames.headers(stream_id, self.fields(path, *more))

    def request(self, stream_id: int, path: str = ECHO, message: bytes = b"hello") -> bytes:
        """A whole unary request."""
        return self.opening(stream_id, path) + data(stream_id, framed(message), end=True)


def data(stream_id: int, payload: bytes, *, end: bool = False) -> bytes:
    """A DATA frame."""
    return frames.frame(frames.DATA, frames.END_STREAM if end else 0, stream_id, payload)


def goaway_code(received: list[Frame]) -> int | None:
    """The error code of the GOAWAY among the frames."""
    for frame in received:
        if frame.kind == frames.GOAWAY:
            return int.from_bytes(frame.payload[4:8])
    return None


def reset_codes(received: list[Frame]) -> dict[int, int]:
    """The error codes of the RST_STREAMs among the frames, by stream."""
    resets = (frame for frame in received if frame.kind == frames.RST_STREAM)
    return {frame.stream_id: int.from_bytes(frame.payload) for frame in resets}
