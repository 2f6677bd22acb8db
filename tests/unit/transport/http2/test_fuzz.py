"""Any frames in any order: nothing breaks, nothing leaks, and what was right is answered."""

import asyncio
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from adapter.transport.http2 import frames
from adapter.transport.http2.limits import Limits
from tests.unit.transport.http2.peer import COLLECT, ECHO, LATER, Peer, data

LIMITS = Limits(max_streams=8, max_message_bytes=70_000, max_resets=20, max_control_frames=30)
KINDS = st.integers(0, 10)
STREAMS = st.integers(0, 12)
PATHS = st.sampled_from([ECHO, LATER, COLLECT, "/test.Test/Unknown", ""])


class AnyFrames(RuleBasedStateMachine):
    """A client that now and then does what it should."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.connect()

    def connect(self) -> None:
        """Begin anew."""
        self.peer: Peer = self.run(lambda: Peer(limits=LIMITS))
        self.next_id = 1
        self.expected: dict[int, bytes] = {}

    def run(self, action: Any) -> Any:
        """Do it inside the loop, and let everything settle."""

        async def act() -> Any:
            done = action()
            if hasattr(self, "peer"):
                await self.peer.settled()
            return done

        return self.runner.run(act())

    def send(self, *octets: bytes) -> None:
        """Send from inside the loop."""
        self.run(lambda: self.peer.send(*octets))

    @property
    def alive(self) -> bool:
        """Whether the connection is still open."""
        return not self.peer.transport.closed

    def new_id(self) -> int:
        """The next stream."""
        self.next_id += 2
        return self.next_id - 2

    @rule(message=st.binary(max_size=100))
    @precondition(lambda self: self.alive)
    def call(self, message: bytes) -> None:
        """A call as it should be."""
        stream_id = self.new_id()
        self.expected[stream_id] = message
        self.send(self.peer.request(stream_id, ECHO, message))

    @rule(path=PATHS, ended=st.booleans())
    @precondition(lambda self: self.alive)
    def open(self, path: str, ended: bool) -> None:
        """A request without, or still without, a body."""
        block = self.peer.fields(path)
        self.send(frames.headers(self.new_id(), block, end_stream=ended))

    @rule(stream_id=STREAMS, payload=st.binary(max_size=30), end=st.booleans())
    @precondition(lambda self: self.alive)
    def body(self, stream_id: int, payload: bytes, end: bool) -> None:
        """DATA for any stream."""
        self.send(data(stream_id, payload, end=end))

    @rule(stream_id=STREAMS, message=st.binary(max_size=30), size=st.integers(0, 80_000))
    @precondition(lambda self: self.alive)
    def part(self, stream_id: int, message: bytes, size: int) -> None:
        """The beginning of a message that may be large."""
        self.send(data(stream_id, size.to_bytes(5) + message))

    @rule(kind=KINDS, flags=st.integers(0, 255), stream_id=STREAMS, payload=st.binary(max_size=30))
    @precondition(lambda self: self.alive)
    def any_frame(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        """Any frame whatever."""
        self.send(frames.frame(kind, flags, stream_id, payload))

    @rule(octets=st.binary(max_size=20))
    @precondition(lambda self: self.alive)
    def any_octets(self, octets: bytes) -> None:
        """Whatever is no frame."""
        self.send(octets)

    @rule(name=st.integers(1, 6), value=st.sampled_from([0, 1, 10, 4096, 16_384, 65_535, 2**31]))
    @precondition(lambda self: self.alive)
    def settle(self, name: int, value: int) -> None:
        """SETTINGS that are right, mostly."""
        self.send(frames.settings({name: value}))

    @rule(stream_id=STREAMS, increment=st.sampled_from([0, 1, 5, 1000, 2**30, 2**31 - 1]))
    @precondition(lambda self: self.alive)
    def widen(self, stream_id: int, increment: int) -> None:
        """WINDOW_UPDATE for any stream."""
        self.send(frames.window_update(stream_id, increment))

    @rule(stream_id=STREAMS)
    @precondition(lambda self: self.alive)
    def call_off(self, stream_id: int) -> None:
        """RST_STREAM for any stream."""
        self.send(frames.rst_stream(stream_id, frames.ErrorCode.CANCEL))

    @rule(index=st.integers(0, 20))
    @precondition(lambda self: self.alive and self.peer.later)
    def finish_later(self, index: int) -> None:
        """An answer that was awaited."""
        future = self.peer.later[index % len(self.peer.later)]
        if not future.done():
            self.run(lambda: future.set_result(b"late"))

    @rule()
    @precondition(lambda self: self.alive)
    def sweep(self) -> None:
        """Time passes."""
        self.run(self.peer.connection.sweep)

    @rule()
    @precondition(lambda self: self.alive)
    def drain(self) -> None:
        """The server wants to leave."""
        self.run(self.peer.connection.drain)

    @rule()
    @precondition(lambda self: not self.alive)
    def reconnect(self) -> None:
        """The client comes back after the server has closed."""
        self.leave()
        self.connect()

    @invariant()
    def answers_are_right(self) -> None:
        """Whatever was answered in full was answered rightly (`Peer` checks the frames)."""
        for stream_id, message in self.expected.items():
            answer = self.peer.answers.get(stream_id)
            if answer and answer.ended and answer.status == "0":
                assert answer.message == message

    def leave(self) -> None:
        """When the connection is gone, so is everything else."""
        self.run(lambda: self.peer.connection.connection_lost(None))
        assert self.peer.logs.opened == self.peer.logs.finished
        assert all(future.done() for future in self.peer.later)

    def teardown(self) -> None:
        """The client goes."""
        self.leave()
        self.runner.close()


AnyFrames.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestAnyFrames = AnyFrames.TestCase
