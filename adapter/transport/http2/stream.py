# mypyc: compiled
"""The state of one call (RFC 9113, 5.1) that takes more than one frame or more than one moment."""

import asyncio
from collections.abc import Callable

from adapter.errors import RpcError
from adapter.transport.http2.calls import Call
from adapter.transport.http2.frames import DEFAULT_WINDOW, ErrorCode, StreamFault
from adapter.transport.http2.grpc_messages import MessageReader
from adapter.transport.http2.limits import Limits
from adapter.transport.service import StatusCode, StreamConsumer


class Stream:
    """One call: what has come of its request, what has gone out of its answer."""

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
        """See `outbox.Sending`, here and for the next two."""
        self.pending = bytearray()
        self.ending: bytes | None = None
        self.reader = MessageReader(limits.max_message_bytes, call.compressed)
        self.request: bytes | None = None
        """The message, where the method takes one."""
        self.messages = 0
        """How many have come."""
        self.half_closed = False
        """Whether the client has ended its side."""
        self.answered = False
        """Whether the fields of our answer are out."""
        self.ended = False
        """Whether we have ended ours."""
        self.consumer: StreamConsumer | None = None
        self.room: asyncio.Future[None] | None = None
        """What the client has to wait for, where the consumer has enough for now."""
        self.stop: Callable[[], None] | None = None
        """To be called once when the stream is over."""
        self.task: asyncio.Future[bytes] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.counted_bytes = 0
        """What has been counted of `held_bytes`."""
        self._received = 0
        self._due = limits.max_message_bytes if call.unary is not None else 0
        """Octets to widen the client's window by: what it has sent; and ahead of that, where the
        method takes one message, room for the largest."""

    @property
    def path(self) -> str:
        """The method's path; empty where there is no such method."""
        return self.call.route.path if self.call.route else ""

    @property
    def takes_messages(self) -> bool:
        """Whether anybody cares for what the client sends; else it is thrown away."""
        return self.call.refusal is None and (self.consumer is not None or self.ending is None)

    @property
    def held_bytes(self) -> int:
        """What we keep of the request's body."""
        return self.reader.held_bytes + len(self.request or b"")

    def count(self, body: int, size: int, *, ended: bool) -> None:
        """Account for a DATA frame of `size` octets, padding included (RFC 9113, 6.1 and 8.1.1)."""
        if self.half_closed:
            raise StreamFault(self.id, ErrorCode.STREAM_CLOSED)
        self._due += size
        self._received += body
        if ended:
            self.check_length()

    def check_length(self) -> None:
        """Raise StreamFault where the body has not the length that the client said."""
        if self.call.content_length not in {-1, self._received}:
            raise StreamFault(self.id, ErrorCode.PROTOCOL_ERROR)

    def set_request(self, message: bytes) -> None:
        """Keep the message of a method that takes one; raises RpcError for a second."""
        if self.request is not None:
            raise not_one_message()
        self.request = message

    def take_window(self) -> int:
        """What to give the client by WINDOW_UPDATE: nothing, or a good part of a window.

        What is kept is returned as well, since a message may be larger than the window; how much
        may be kept is for the connection's window to say.
        """
        due = self._due
        if self.half_closed or self.room is not None or 2 * due < DEFAULT_WINDOW:
            return 0
        self._due = 0
        return due


def not_one_message() -> RpcError:
    """What a method that takes one message answers to none, or to more (gRPC's statuscodes.md)."""
    return RpcError(StatusCode.UNIMPLEMENTED, "the method takes exactly one message")
