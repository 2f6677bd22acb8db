"""One client's connection: the methods that asyncio calls, sweeping, and draining."""

import asyncio
from typing import Final, cast

from adapter.transport.http2 import frames
from adapter.transport.http2.calls import Call, CallReader
from adapter.transport.http2.frames import ConnectionFault, ErrorCode
from adapter.transport.http2.hpack_blocks import BlockDecoder
from adapter.transport.http2.inbox import Inbox
from adapter.transport.http2.outbox import Outbox
from adapter.transport.http2.shared import Shared
from adapter.transport.http2.streams import Streams
from adapter.transport.peer_name import peer_text

_DRAIN_PING: Final = b"draining"


class Connection(asyncio.Protocol):
    """Connects an inbox, the streams and an outbox. The server sweeps and drains it.

    Its client is a stranger, with small limits, until it has made an accepted call to a method that
    needs the token (if a token is configured).
    """

    def __init__(self, shared: Shared) -> None:
        limits = shared.limits
        self._calls = CallReader(
            BlockDecoder(shared.huffman),
            shared.routes,
            limits.max_header_list_bytes,
            shared.token,
            self._accepted,
        )
        self._shared = shared
        self._limits = limits
        self._counters = shared.counters
        self._trusted = False
        self._strangers_calls = 0
        """Accepted calls before the client was trusted."""
        self.closed = asyncio.get_running_loop().create_future()
        """Done when the connection is gone."""
        self._draining = False
        self._closing = False
        self._paused = False
        """Whether the client does not read what we send."""
        self._pauses = 0
        self._catching_up = False
        """Whether received frames are still waiting to be processed."""
        self._idle_sweeps = 0
        self._swept_id = 0
        """The client's newest stream at the last sweep."""
        self._stuck: set[tuple[str, int, int]] = set()
        """What waited for the client at the last sweep."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send our settings. A connection for another protocol is closed."""
        shared, limits = self._shared, self._shared.strangers_limits
        self._transport = cast("asyncio.Transport", transport)
        self._peer = peer_text(transport.get_extra_info("peername"))
        self._outbox = Outbox(self._transport)
        self._streams = Streams(
            self._outbox, limits, self._count, shared.failures, shared.held, self._emptied
        )
        self._inbox = Inbox(self._calls, self._streams, self._outbox, limits, self._counters)
        tls = transport.get_extra_info("ssl_object")
        if tls is not None and tls.selected_alpn_protocol() != "h2":
            self._abort("no_alpn")
        else:
            shared.guests.enter(self)
            self._greet()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """End all calls in progress."""
        self._closing = True
        self._streams.drop_all()
        self._shared.guests.leave(self)
        self.closed.set_result(None)

    def pause_writing(self) -> None:
        """Stop reading while the client does not read, so that no data accumulates."""
        self._paused = True
        self._pauses += 1
        self._set_reading()

    def resume_writing(self) -> None:
        """Read again, because the client does."""
        self._paused = False
        self._set_reading()

    def data_received(self, data: bytes) -> None:
        """Process received data, then write all answers at once.

        If there is too much for one turn of the loop, the rest waits for the next turn, and reading
        pauses.
        """
        if self._closing:
            return
        self._take(data)
        if self._inbox.behind and not self._catching_up:
            self._catching_up = True
            self._set_reading()
            asyncio.get_running_loop().call_soon(self._catch_up)

    def _catch_up(self) -> None:
        if self._closing:
            return
        self._take(b"")
        if self._inbox.behind:
            asyncio.get_running_loop().call_soon(self._catch_up)
        else:
            self._catching_up = False
            self._set_reading()

    def _set_reading(self) -> None:
        if self._closing:
            return
        if self._paused or self._catching_up:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _take(self, data: bytes) -> None:
        self._outbox.hold()
        try:
            self._inbox.take(data)
        except ConnectionFault as fault:
            self._abandon(fault)
        if self._draining and self._inbox.pinged:
            self._refuse_new()
        self._outbox.flush()

    def sweep(self) -> None:
        """End and count everything that has waited for the client since the previous sweep."""
        if self._draining:
            self._refuse_new()
        stuck = self._what_is_stuck()
        for kind, stream_id, _ in stuck & self._stuck:
            if kind == "no_call":
                self._counters[kind] += 1
                self.drain()
                continue
            if not stream_id:
                self._abort(kind)
                return
            self._counters[kind] += 1
            self._streams.cut(stream_id, ErrorCode.CANCEL)
        self._stuck = stuck
        self._inbox.forgive()
        self._count_idleness()

    def drain(self) -> None:
        """Close the connection without losing a call (6.8).

        It sends GOAWAY and a PING, and ends streams that would never end. Calls that the client
        sent before it read the GOAWAY arrive before its answer to the PING. After that answer no
        call is accepted, and the connection is closed when the last call is answered.
        """
        if self._draining or self._closing:
            return
        if not self._inbox.greeted:
            self._close()
            return
        self._draining = True
        self._inbox.pinged = False
        self._outbox.write(frames.goaway(frames.MAX_STREAM_ID, ErrorCode.NO_ERROR, "draining"))
        self._outbox.write(frames.frame(frames.PING, 0, 0, _DRAIN_PING))
        self._streams.end_streams()

    def abort(self) -> None:
        """Close at once, with all calls in progress."""
        self._closing = True
        self._transport.abort()

    def _greet(self) -> None:
        limits = self._limits
        settings = {
            frames.MAX_CONCURRENT_STREAMS: limits.max_streams,
            frames.MAX_HEADER_LIST_SIZE: limits.max_header_list_bytes,
        }
        self._outbox.write(frames.settings(settings))
        increment = self._shared.strangers_limits.connection_window - frames.DEFAULT_WINDOW
        self._outbox.write(frames.window_update(0, increment))

    def _accepted(self, call: Call) -> None:
        """Note an accepted call of a client that is not trusted yet."""
        if call.route is not None and call.route.needs_token:
            self._trust()
        else:
            self._strangers_calls += 1
            self._shared.guests.enter(self)

    def _trust(self) -> None:
        self._trusted = True
        self._shared.guests.know(self)
        self._calls.trust()
        self._streams.set_limits(self._limits)
        self._inbox.set_limits(self._limits)
        before = self._shared.strangers_limits.connection_window
        if more := self._limits.connection_window - before:
            self._outbox.write(frames.window_update(0, more))

    def _what_is_stuck(self) -> set[tuple[str, int, int]]:
        stuck = self._streams.stuck()
        if not self._inbox.greeted:
            stuck.add(("slow_preface", 0, 0))
        if self._paused or self._closing:
            stuck.add(("slow_reader", 0, self._pauses))
        elif self._inbox.greeted and not (self._trusted or self._draining or len(self._streams)):
            stuck.add(("no_call", 0, self._strangers_calls))
        return stuck

    def _count_idleness(self) -> None:
        busy = len(self._streams) or self._inbox.last_id != self._swept_id
        self._swept_id = self._inbox.last_id
        self._idle_sweeps = 0 if busy else self._idle_sweeps + 1
        limits = self._limits
        most = limits.crowded_idle_sweeps if self._shared.guests.crowded else limits.idle_sweeps
        if self._idle_sweeps >= most and not self._draining:
            self._counters["idle"] += 1
            self.drain()

    def _refuse_new(self) -> None:
        if not self._inbox.refusing:
            self._inbox.refusing = True
            self._outbox.write(frames.goaway(self._inbox.last_id, ErrorCode.NO_ERROR))
        self._close_when_done()

    def _emptied(self) -> None:
        if self._inbox.refusing:  # not at once, because frames are still being processed
            asyncio.get_running_loop().call_soon(self._close_when_done)

    def _close_when_done(self) -> None:
        if self._inbox.refusing and not self._closing and not len(self._streams):
            self._close()

    def _count(self, kind: str, detail: str = "") -> None:
        self._shared.count(kind, self._peer, detail)

    def _abandon(self, fault: ConnectionFault) -> None:
        self._count(fault.kind)
        self._outbox.write(frames.goaway(self._inbox.last_id, fault.code, str(fault)))
        self._streams.drop_all()
        self._close()

    def _abort(self, kind: str) -> None:
        self._count(kind)
        self.abort()

    def _close(self) -> None:
        self._closing = True
        self._outbox.flush()
        self._transport.close()
