# mypyc: compiled
"""The state of one call (RFC 9113, 5.1) that is not answered at once from a single frame."""

import asyncio
from collections.abc import Callable

from adapter.errors import RpcError
from adapter.transport.http2.calls import Call
from adapter.transport.http2.frames import DEFAULT_WINDOW, ErrorCode, StreamFault
from adapter.transport.http2.grpc_messages import MessageReader
from adapter.transport.http2.limits import Limits
from adapter.transport.service import StatusCode, StreamConsumer


class Stream:
    """One call: the received part of its request, and the sent part of its answer."""

    __slots__ = (
        "_due",
        "_received",
        "answered",
        "call",
        "consumer",
        "counted_bytes",
        "ended",
        "ending",
        "half_closed",
        "id",
        "messages",
        "pending",
        "reader",
        "request",
        "room",
        "stop",
        "task",
        "timer",
        "window",
    )  # fmt: skip

    def __init__(self, stream_id: int, call: Call, window: int, limits: Limits) -> None:
        self.id = stream_id
        self.call = call
        self.window = window
        """See `outbox.Sending` for this and the next two."""
        self.pending = bytearray()
        self.ending: bytes | None = None
        self.reader = MessageReader(limits.max_message_bytes, call.compressed)
        self.request: bytes | None = None
        """The message, if the method takes exactly one."""
        self.messages = 0
        """How many messages have arrived."""
        self.half_closed = False
        """Whether the client has ended its side."""
        self.answered = False
        """Whether we have sent the headers of our answer."""
        self.ended = False
        """Whether we have ended our side."""
        self.consumer: StreamConsumer | None = None
        self.room: asyncio.Future[None] | None = None
        """The future that the client must wait for, if the consumer has enough for now."""
        self.stop: Callable[[], None] | None = None
        """Called once when the stream is over."""
        self.task: asyncio.Future[bytes] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.counted_bytes = 0
        """How much of `held_bytes` has been counted."""
        self._received = 0
        self._due = limits.max_message_bytes if call.unary is not None else 0
        """Bytes by which to enlarge the client's window: what it has sent; if the method takes one
        message, also the size of the largest message in advance."""

    @property
    def path(self) -> str:
        """The method's path; empty if the method is unknown."""
        return self.call.route.path if self.call.route else ""

    @property
    def takes_messages(self) -> bool:
        """Whether received messages are still used; otherwise they are discarded."""
        return self.call.refusal is None and (self.consumer is not None or self.ending is None)

    @property
    def held_bytes(self) -> int:
        """Bytes of the request's body that we keep."""
        return self.reader.held_bytes + len(self.request or b"")

    def count(self, body: int, size: int, *, ended: bool) -> None:
        """Count a DATA frame of `size` bytes, including padding (RFC 9113, 6.1 and 8.1.1)."""
        if self.half_closed:
            raise StreamFault(self.id, ErrorCode.STREAM_CLOSED)
        self._due += size
        self._received += body
        if ended:
            self.check_length()

    def check_length(self) -> None:
        """Raise StreamFault if the body's length differs from content-length."""
        if self.call.content_length not in {-1, self._received}:
            raise StreamFault(self.id, ErrorCode.PROTOCOL_ERROR)

    def set_request(self, message: bytes) -> None:
        """Keep the message of a method that takes one; raises RpcError for a second message."""
        if self.request is not None:
            raise not_one_message()
        self.request = message

    def take_window(self) -> int:
        """The increment for WINDOW_UPDATE: 0, or a large part of a window.

        Bytes that we keep are returned too, because a message may be larger than the window. The
        connection's window bounds how much we keep.
        """
        due = self._due
        if self.half_closed or self.room is not None or 2 * due < DEFAULT_WINDOW:
            return 0
        self._due = 0
        return due


def not_one_message() -> RpcError:
    """The error for zero or several messages to a method that takes one (statuscodes.md)."""
    return RpcError(StatusCode.UNIMPLEMENTED, "the method takes exactly one message")
