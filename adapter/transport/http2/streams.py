# mypyc: compiled
"""The calls of one connection, from the headers of a request to its answer.

Most unary calls have their message in one frame, and get their answer at once. Such a call exists
here only between its HEADERS and its DATA, as an entry of `waiting`. Other calls get a `Stream`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from adapter.errors import RpcError
from adapter.transport.failures import FailureReport
from adapter.transport.http2 import frames
from adapter.transport.http2.calls import Call, Refusal, ServerStreamMethod
from adapter.transport.http2.frames import ConnectionFault, ErrorCode, StreamFault
from adapter.transport.http2.grpc_messages import (
    OK_BLOCK,
    RESPONSE_BLOCK,
    MessageTooLarge,
    TooMuchHeld,
    framed,
    http_refusal_block,
    trailers,
)
from adapter.transport.http2.limits import HeldOctets, Limits
from adapter.transport.http2.outbox import Outbox
from adapter.transport.http2.stream import Stream, not_one_message
from adapter.transport.service import ClientStreamMethod, StatusCode, StreamConsumer

_REMEMBERED_RESETS = 1000


class Streams:
    """Opens calls, passes on their messages, answers and ends them."""

    def __init__(
        self,
        outbox: Outbox,
        limits: Limits,
        count: Callable[..., None],
        failures: FailureReport,
        held: HeldOctets,
        emptied: Callable[[], None],
    ) -> None:
        self._emptied = emptied
        self._outbox = outbox
        self.set_limits(limits)
        self._count = count
        """Counts a violation: a member of `limits.KINDS`, and optionally a detail."""
        self._failures = failures
        self._held = held
        """Bytes kept by all connections; `held_bytes` is this connection's part."""
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, Stream] = {}
        self._reset: deque[int] = deque(maxlen=_REMEMBERED_RESETS)
        self.waiting: dict[int, Call] = {}
        """Unary calls whose body has not arrived yet."""
        self.held_bytes = 0
        """Bytes of bodies that this connection keeps."""

    def __len__(self) -> int:
        return len(self.waiting) + len(self._streams)

    def set_limits(self, limits: Limits) -> None:
        """Apply these limits from now on."""
        self._limits = limits
        self._max_streams = limits.max_streams

    # Input from the client

    def begin(self, stream_id: int, call: Call, *, ended: bool) -> None:
        """Start a call whose headers have arrived. `ended`: it has no body."""
        if len(self.waiting) + len(self._streams) >= self._max_streams:
            self._count("streams")
            self.cut(stream_id, ErrorCode.REFUSED_STREAM)
        elif call.unary is not None and not ended:
            self.waiting[stream_id] = call
        else:
            stream = self._new(stream_id, call)
            stream.half_closed = ended
            self._open(stream)
            if ended and stream_id in self._streams:
                stream.check_length()
                self._end_request(stream)

    def answer(self, stream_id: int, call: Call, message: bytes) -> None:
        """Answer a unary call whose message is complete and whose client has ended its side."""
        try:
            answer = call.unary(message, call.metadata)  # type: ignore[misc] # it is unary
        except Exception as error:
            self._fail(self._half_closed(stream_id, call), error)
            return
        if not isinstance(answer, bytes):
            self._await(self._half_closed(stream_id, call), answer)
        elif stream_id in self._streams or not self._outbox.answer(stream_id, answer):
            self._send_last(self._half_closed(stream_id, call), answer)

    def take(self, stream_id: int, body: bytes, size: int, *, ended: bool) -> None:
        """Process a DATA frame; `size` includes padding. Raises StreamFault."""
        stream = self._find(stream_id)
        if stream is None:
            self._late(stream_id)
            return
        stream.count(len(body), size, ended=ended)
        stream.half_closed = ended
        if stream.takes_messages:
            self._feed(stream, body)
        if stream_id not in self._streams:
            return
        if ended:
            self._end_request(stream)
        elif increment := stream.take_window():
            self._outbox.write(frames.window_update(stream_id, increment))

    def end(self, stream_id: int, *, wellformed: bool) -> None:
        """Process the client's trailers; raises StreamFault or ConnectionFault."""
        stream = self._find(stream_id)
        if stream is None:
            if stream_id not in self._reset:
                raise ConnectionFault(ErrorCode.STREAM_CLOSED, "HEADERS on a closed stream")
            return
        stream.count(0, 0, ended=wellformed)
        if not wellformed:
            raise StreamFault(stream_id, ErrorCode.PROTOCOL_ERROR)
        self._end_request(stream)

    def reset(self, stream_id: int) -> bool:
        """Process the cancellation of a stream. Returns whether it was still unanswered."""
        if self.waiting.pop(stream_id, None) is not None:
            return True
        stream = self._streams.get(stream_id)
        if stream is None:
            return False
        self._drop(stream)
        return not stream.ended

    # Windows of the client

    def widen(self, stream_id: int, increment: int) -> None:
        """Process WINDOW_UPDATE; stream 0 is the connection. Raises either fault."""
        if stream_id == 0:
            for ended in self._outbox.widen(increment):
                self._ended(self._streams[ended.id])
        elif (stream := self._find(stream_id)) and self._outbox.widen_stream(stream, increment):
            self._ended(stream)

    def set_initial_window(self, size: int) -> None:
        """Change the windows of all streams as SETTINGS require, even below zero (6.9.2)."""
        change = size - self._outbox.initial_window
        self._outbox.initial_window = size
        for stream in tuple(self._streams.values()):
            stream.window += change
            if stream.window > frames.MAX_WINDOW:
                raise ConnectionFault(ErrorCode.FLOW_CONTROL_ERROR, "a window is too large")
            if stream.pending:
                self._push(stream)

    # Ending calls

    def cut(self, stream_id: int, code: ErrorCode) -> None:
        """End a stream at once. Ignore what the client still sends in it."""
        self.waiting.pop(stream_id, None)
        if stream := self._streams.get(stream_id):
            self._drop(stream)
        self._reset.append(stream_id)
        self._outbox.write(frames.rst_stream(stream_id, code))

    def ignore(self, stream_id: int) -> None:
        """Ignore what the client sends in this stream, because it knows that we closed it."""
        self._reset.append(stream_id)

    def end_streams(self) -> None:
        """End our side of endless streams. Messages that still arrive are processed."""
        for stream in tuple(self._streams.values()):
            if stream.consumer is not None and not stream.answered:
                self._send_last(stream, b"")
            elif isinstance(stream.call.route, ServerStreamMethod) and stream.answered:
                stream.ending = OK_BLOCK
                self._push(stream)

    def drop_all(self) -> None:
        """Drop all calls, because the connection is closed."""
        self.waiting.clear()
        for stream in tuple(self._streams.values()):
            self._drop(stream)

    def stuck(self) -> set[tuple[str, int, int]]:
        """Everything that waits for the client: its `limits.KINDS` member, stream and progress."""
        stuck = {("slow_body", stream_id, 0) for stream_id in self.waiting}
        for stream in self._streams.values():
            if stream.pending:
                stuck.add(("zero_window", stream.id, len(stream.pending)))
            elif stream.room is not None or stream.half_closed:
                continue
            elif stream.held_bytes or stream.consumer is None:
                stuck.add(("slow_body", stream.id, stream.messages))
        return stuck

    # The life of a stream

    def _new(self, stream_id: int, call: Call) -> Stream:
        stream = Stream(stream_id, call, self._outbox.initial_window, self._limits)
        self._streams[stream_id] = stream
        return stream

    def _find(self, stream_id: int) -> Stream | None:
        call = self.waiting.pop(stream_id, None)
        return self._new(stream_id, call) if call else self._streams.get(stream_id)

    def _half_closed(self, stream_id: int, call: Call) -> Stream:
        stream = self._streams.get(stream_id) or self._new(stream_id, call)
        stream.half_closed = True
        return stream

    def _late(self, stream_id: int) -> None:
        if stream_id not in self._reset:
            raise StreamFault(stream_id, ErrorCode.STREAM_CLOSED)

    def _open(self, stream: Stream) -> None:
        call = stream.call
        if call.refusal is not None and call.refusal.http_status == 200:
            self._refuse(stream, call.refusal)
        elif isinstance(call.route, ClientStreamMethod):
            self._limit_time(stream)
            try:
                stream.consumer = call.route.open(call.metadata)
                stream.stop = stream.consumer.finish
            except Exception as error:
                self._fail(stream, error)

    def _refuse(self, stream: Stream, refusal: Refusal) -> None:
        if refusal.kind:
            self._count(refusal.kind, refusal.detail)
        if stream.path:
            self._failures.status(stream.path, RpcError(refusal.grpc_status, refusal.message))
        self._send_status(stream, refusal.grpc_status, refusal.message)

    def _feed(self, stream: Stream, body: bytes) -> None:
        try:
            for message in stream.reader.feed(body):
                stream.messages += 1
                if stream.consumer is not None:
                    self._consume(stream, stream.consumer, message)
                else:
                    stream.set_request(message)
            self._hold(stream)
        except Exception as error:
            if isinstance(error, MessageTooLarge):
                self._count("message_size")
            elif isinstance(error, TooMuchHeld):
                self._count("held_bytes")
            self._fail(stream, error)

    def _consume(self, stream: Stream, consumer: StreamConsumer, message: bytes) -> None:
        if self._held.too_many:
            raise TooMuchHeld
        room = consumer.consume(message)
        if room is not None:
            self._held.octets += len(message)
            stream.room = room
            room.add_done_callback(partial(self._consumed, stream, len(message)))

    def _consumed(self, stream: Stream, octets: int, room: asyncio.Future[None]) -> None:
        """Let the client continue, because the consumer has room again."""
        self._held.octets -= octets
        if stream.room is room and self._streams.get(stream.id) is stream:
            stream.room = None
            if increment := stream.take_window():
                self._outbox.write(frames.window_update(stream.id, increment))

    def _hold(self, stream: Stream) -> None:
        """Count the kept bytes of the stream's body; raises TooMuchHeld."""
        if stream.held_bytes or stream.counted_bytes:
            self._count_held(stream, stream.held_bytes)
            if self._held.too_many and stream.held_bytes:
                raise TooMuchHeld

    def _count_held(self, stream: Stream, held_bytes: int) -> None:
        change = held_bytes - stream.counted_bytes
        stream.counted_bytes = held_bytes
        self.held_bytes += change
        self._held.octets += change

    def _end_request(self, stream: Stream) -> None:
        stream.half_closed = True
        self._stop(stream)
        if stream.call.refusal is not None:
            self._send_http(stream, stream.call.refusal)
        elif stream.ending is not None:  # already answered
            if stream.ended:
                self._drop(stream)
        elif stream.reader.held_bytes:
            self._fail(stream, RpcError(StatusCode.INTERNAL, "the request ends inside a message"))
        elif isinstance(stream.call.route, ClientStreamMethod):
            self._send_last(stream, b"")
        elif stream.request is None:
            self._fail(stream, not_one_message())
        elif isinstance(stream.call.route, ServerStreamMethod):
            self._watch(stream, stream.call.route, stream.request)
        else:
            self.answer(stream.id, stream.call, stream.request)

    def _watch(self, stream: Stream, route: ServerStreamMethod, request: bytes) -> None:
        try:
            stream.stop = route.open(request, lambda message: self._send(stream, message))
        except Exception as error:
            self._fail(stream, error)

    def _await(self, stream: Stream, answer: Awaitable[bytes]) -> None:
        stream.task = asyncio.ensure_future(answer)
        stream.task.add_done_callback(partial(self._settle, stream))
        self._limit_time(stream)

    def _settle(self, stream: Stream, task: asyncio.Future[bytes]) -> None:
        error = RuntimeError("cancelled from within") if task.cancelled() else task.exception()
        if self._streams.get(stream.id) is not stream:
            return  # cancelled earlier
        if error is None:
            self._send_last(stream, task.result())
        else:
            self._fail(stream, error if isinstance(error, Exception) else RuntimeError(repr(error)))

    def _limit_time(self, stream: Stream) -> None:
        if stream.call.timeout_s is not None:
            late = RpcError(StatusCode.DEADLINE_EXCEEDED, "the call took longer than grpc-timeout")
            stream.timer = self._loop.call_later(stream.call.timeout_s, self._fail, stream, late)

    # Answers

    def _send(self, stream: Stream, message: bytes) -> None:
        if not stream.answered:
            stream.answered = True
            self._outbox.headers(stream.id, RESPONSE_BLOCK)
        stream.pending += framed(message)
        self._push(stream)

    def _send_last(self, stream: Stream, message: bytes) -> None:
        stream.ending = OK_BLOCK
        self._send(stream, message)

    def _fail(self, stream: Stream, error: Exception) -> None:
        self._stop(stream)
        code, message = self._failures.status(stream.path, error)
        if stream.ended:
            self.cut(stream.id, ErrorCode.NO_ERROR)
        else:
            self._send_status(stream, code, message)

    def _send_status(self, stream: Stream, code: int, message: str) -> None:
        block = trailers(code, message)
        stream.ending = block if stream.answered else RESPONSE_BLOCK + block
        self._push(stream)

    def _send_http(self, stream: Stream, refusal: Refusal) -> None:
        self._count(refusal.kind, refusal.detail)
        self._outbox.headers(stream.id, http_refusal_block(refusal.http_status))
        stream.pending += refusal.message.encode()
        stream.ending = b""
        self._push(stream)

    def _push(self, stream: Stream) -> None:
        if self._outbox.push(stream):
            self._ended(stream)

    def _ended(self, stream: Stream) -> None:
        stream.ended = True
        if stream.half_closed:
            self._drop(stream)
        elif stream.consumer is None:
            self.cut(stream.id, ErrorCode.NO_ERROR)  # 8.1: the rest of the request is not needed

    def _drop(self, stream: Stream) -> None:
        self._streams.pop(stream.id, None)
        self._count_held(stream, 0)
        self._outbox.forget(stream)
        if stream.timer is not None:
            stream.timer.cancel()
        if stream.task is not None:
            stream.task.cancel()
        self._stop(stream)
        if not self._streams and not self.waiting:
            self._emptied()

    def _stop(self, stream: Stream) -> None:
        stop, stream.stop, stream.consumer = stream.stop, None, None
        if stop is not None:
            try:
                stop()
            except Exception as error:
                self._failures.status(stream.path, error)
