"""Our own HTTP/2 client, in which every Check differs, as from a real Envoy.

`h2load` can only repeat one message. This client encodes messages and field blocks before the run,
so that it uses little CPU while it measures. It supports only these calls: it counts answers by the
frames that end their streams (RFC 9113, 8.1).
"""

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from itertools import chain, cycle, islice, repeat
from typing import Final, cast

from hpack import Encoder, NeverIndexedHeaderTuple

from adapter.messages.check_pb2 import CheckResponse
from adapter.transport.http2 import frames
from benchmarks.load import FIELDS, BenchmarkError, Sample
from benchmarks.requests import Workload

_LARGEST_INCREMENT: Final = frames.MAX_WINDOW - frames.DEFAULT_WINDOW
_PREFIX_SIZE: Final = 5
"""The prefix of a message (gRPC's PROTOCOL-HTTP2)."""
_DEADLINE_S: Final = 60.0
_TICK_S: Final = 0.001


class Replay:
    """A `Load` that sends the Checks of a workload in order."""

    def __init__(self, workload: Workload) -> None:
        self._traced = workload.traced
        self._bodies = [_body(message) for message in workload.messages()]

    async def run(self, address: str, requests: int, *, connections: int, streams: int) -> Sample:
        """See `Load.run`."""
        each = requests // connections
        # Each connection has its own Checks, because a repeated id would count as a retry.
        shares = [self._bodies[number::connections] for number in range(connections)]
        return await _measured([self._client(share, each, streams) for share in shares], address)

    async def run_paced(self, address: str, requests: int, *, per_second: int) -> Sample:
        """Send at this rate on one connection, however long the answers take."""
        calls = zip(_blocks(), islice(cycle(self._bodies), requests), strict=False)
        return await _measured([PacedClient(calls, requests, per_second)], address)

    def _client(self, share: list[bytes], requests: int, streams: int) -> "ReplayClient":
        bodies = islice(cycle(share), requests)
        blocks = _traced_blocks(requests) if self._traced else _blocks()
        return ReplayClient(zip(blocks, bodies, strict=False), requests, streams)


async def _measured(clients: Sequence["ReplayClient"], address: str) -> Sample:
    for client in clients:
        await _connect(client, address)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        started = time.perf_counter()
        for client in clients:
            client.begin()
        async with asyncio.timeout(_DEADLINE_S):
            await asyncio.gather(*(client.done for client in clients))
        elapsed_s = time.perf_counter() - started
    finally:
        gc.enable()
        for client in clients:
            client.close()
    for client in clients:
        _require_allowed(client)
    latencies = chain.from_iterable(client.latencies_s for client in clients)
    return Sample(elapsed_s, sorted(latency * 1e6 for latency in latencies))


class ReplayClient(asyncio.Protocol):
    """One connection. `done` is set after the last answer, or after a failure."""

    _freed_by_an_answer = 1
    """Streams."""

    def __init__(self, calls: Iterator[tuple[bytes, bytes]], requests: int, streams: int) -> None:
        self._calls = calls
        self._unanswered = requests
        self._free = streams
        self._window = frames.DEFAULT_WINDOW
        """Bytes of DATA that the server accepts now (RFC 9113, 6.9)."""
        self._next_id = 1
        self._sent_at: dict[int, float] = {}
        self._rest = b""
        self._next_call = next(calls, None)
        self.latencies_s: list[float] = []
        self.answers: list[bytes] = []
        """The received messages, with their prefixes."""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the preface. Calls start with `begin`."""
        self._transport = cast("asyncio.Transport", transport)
        greeting = frames.settings({frames.INITIAL_WINDOW_SIZE: frames.MAX_WINDOW})
        self._transport.write(
            frames.PREFACE + greeting + frames.window_update(0, _LARGEST_INCREMENT)
        )

    def begin(self) -> None:
        """Send the first calls."""
        self._send_calls()

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report a failure, unless all calls are done."""
        self._fail(f"the server closed the connection: {exc}")

    def data_received(self, data: bytes) -> None:
        """Process complete frames, then send one call for each answer."""
        now = time.perf_counter()
        octets = self._rest + data if self._rest else data
        unpack_head = frames.HEAD.unpack_from
        position, end = 0, len(octets)
        while end - position >= frames.HEAD_SIZE:
            number, flags, stream_id = unpack_head(octets, position)
            start = position + frames.HEAD_SIZE
            stop = start + (number >> 8)
            if stop > end:
                break
            position = stop
            kind = number & 0xFF
            if kind == frames.DATA:
                self.answers.append(octets[start:stop])
            elif kind != frames.HEADERS:
                self._take_control(kind, flags, stream_id, octets[start:stop])
                continue
            if flags & frames.END_STREAM:
                self.latencies_s.append(now - self._sent_at.pop(stream_id))
                self._free += self._freed_by_an_answer
                self._unanswered -= 1
        self._rest = octets[position:]
        if self._unanswered:
            self._send_calls()
        elif not self.done.done():
            self.done.set_result(None)

    def _take_control(self, kind: int, flags: int, stream_id: int, payload: bytes) -> None:
        if kind in {frames.SETTINGS, frames.PING} and not flags & frames.ACK:
            answer = payload if kind == frames.PING else b""
            self._transport.write(frames.frame(kind, frames.ACK, 0, answer))
        elif kind == frames.WINDOW_UPDATE and not stream_id:
            self._window += int.from_bytes(payload)
        elif kind in {frames.RST_STREAM, frames.GOAWAY}:
            self._fail(f"the server sent frame {kind} for stream {stream_id}: {payload!r}")

    def _send_calls(self) -> None:
        """Send as many calls as free streams and the window allow, in one write."""
        pack = frames.HEAD.pack
        parts: list[bytes] = []
        now = time.perf_counter()
        while self._free and self._next_call is not None:
            block, body = self._next_call
            if len(body) > self._window:
                break
            stream_id = self._next_id
            parts += (
                pack(len(block) << 8 | frames.HEADERS, frames.END_HEADERS, stream_id),
                block,
                pack(len(body) << 8 | frames.DATA, frames.END_STREAM, stream_id),
                body,
            )
            self._window -= len(body)
            self._free -= 1
            self._next_id += 2
            self._sent_at[stream_id] = now
            self._next_call = next(self._calls, None)
        if parts:
            self._transport.write(b"".join(parts))

    def _fail(self, why: str) -> None:
        if not self.done.done():
            self.done.set_exception(BenchmarkError(why))


class PacedClient(ReplayClient):
    """A client that sends at a fixed rate, even if calls are still in progress."""

    _freed_by_an_answer = 0

    def __init__(
        self, calls: Iterator[tuple[bytes, bytes]], requests: int, per_second: int
    ) -> None:
        super().__init__(calls, requests, streams=0)
        self._requests = requests
        self._per_second = per_second

    def begin(self) -> None:
        """Send the first call, and then one call per interval."""
        self._pacing = asyncio.create_task(self._pace())

    async def _pace(self) -> None:
        began, due = time.perf_counter(), 0
        while due < self._requests:
            before = due
            due = min(int((time.perf_counter() - began) * self._per_second) + 1, self._requests)
            self._free += due - before
            self._send_calls()
            await asyncio.sleep(_TICK_S)


def _require_allowed(client: ReplayClient) -> None:
    """Raise BenchmarkError for failed or denied calls, because these cost a different time."""
    if failed := len(client.latencies_s) - len(client.answers):
        raise BenchmarkError(f"{failed} calls of {len(client.latencies_s)} failed")
    for answer in set(client.answers):
        response = CheckResponse.FromString(answer[_PREFIX_SIZE:])
        if response.status.code:
            raise BenchmarkError(f"a Check that should be allowed was denied: {response}")


async def _connect(client: ReplayClient, address: str) -> None:
    loop = asyncio.get_running_loop()
    if address.startswith("unix:"):
        await loop.create_unix_connection(lambda: client, address.removeprefix("unix:"))
    else:
        host, _, port = address.rpartition(":")
        await loop.create_connection(lambda: client, host, int(port))


def _body(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4) + message


def _blocks() -> Iterator[bytes]:
    """Blocks with the same fields. After the first, all blocks have the same bytes."""
    encoder = Encoder()
    return chain([_encode(encoder)], repeat(_encode(encoder)))


def _traced_blocks(count: int) -> Iterator[bytes]:
    """Blocks with a new `traceparent` each (W3C Trace Context), which Envoy adds to the table.

    Every hundredth is sampled.
    """
    encoder = Encoder()
    return iter(
        [
            _encode(encoder, f"00-{number:031x}a-{number:015x}b-{'00' if number % 100 else '01'}")
            for number in range(0x5EED, 0x5EED + count)
        ]
    )


def _encode(encoder: Encoder, traceparent: str = "") -> bytes:
    """Encode a block. The path is not added to the table, as in Envoy's encoder."""
    fields = [
        NeverIndexedHeaderTuple(*field) if field[0] == ":path" else field
        for field in FIELDS.items()
    ]
    if traceparent:
        fields += [("traceparent", traceparent), ("tracestate", "")]
    return encoder.encode(fields)
