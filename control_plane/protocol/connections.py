"""Connections of clients, bounded in number and in the time that they may keep us waiting.

By itself the server waits without limit for the head of a request, and for an answer to be read. A
crowd of clients that do nothing would then keep gateways out.
"""

import asyncio
import json
import resource
from typing import Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 1000
PATIENCE_S: Final = 10.0

# Files of the databases, for each thread that serves requests, and what else is open.
_OTHER_FILES = 300


class ConnectionLimit:
    """The connections of a listener. When there is no room, the longest waiting one is closed."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._all: set[TimedProtocol] = set()
        self._waiting: dict[TimedProtocol, None] = {}

    def admit(self, connection: "TimedProtocol") -> None:
        """Count a new connection, and make room for it. If all are being served, close it."""
        self._all.add(connection)
        self.waits(connection)
        if len(self._all) > self._most:
            next(iter(self._waiting)).drop()

    def waits(self, connection: "TimedProtocol") -> None:
        """The rest of a request is now awaited from this client."""
        self._waiting[connection] = None

    def is_served(self, connection: "TimedProtocol") -> None:
        """A request came whole: the connection can't be closed to make room."""
        self._waiting.pop(connection, None)

    def leave(self, connection: "TimedProtocol") -> None:
        """The connection is closed."""
        self._all.discard(connection)
        self._waiting.pop(connection, None)


class TimedProtocol(H11Protocol):
    """HTTP/1.1 with limits. A client must send a head, and read its answer, in good time.

    Bodies have a time limit of their own: see `request_bodies`.
    """

    limit: ConnectionLimit
    patience: float

    _timer: asyncio.TimerHandle | None = None
    _unread = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._wait()
        self.limit.admit(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Make room for another connection."""
        self._stop_waiting()
        self.limit.leave(self)
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Serve a request whose head, or rest, has come."""
        super().handle_events()
        if self._is_serving() and not self.flow.write_paused:
            self._serve()

    def on_response_complete(self) -> None:
        """Wait until the answer is read and the next request comes."""
        self.limit.waits(self)
        self._wait()
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait until the client reads."""
        super().pause_writing()
        self.limit.waits(self)
        self._wait()

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._is_serving():
            self._serve()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, in the form that all refusals have."""
        body = json.dumps({"error": "Bad Request", "message": msg}).encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body)))]
        events: tuple[Any, ...] = (
            h11.Response(status_code=400, headers=[*headers, ("connection", "close")]),
            h11.Data(data=body),
            h11.EndOfMessage(),
        )
        try:
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        except h11.LocalProtocolError:
            pass  # the answer to an earlier request is under way
        self.transport.close()

    def drop(self) -> None:
        """Close the connection at once: it waited too long, or its place is needed."""
        self.limit.leave(self)
        self.transport.abort()

    def _is_serving(self) -> bool:
        return self.conn.our_state in (h11.SEND_RESPONSE, h11.SEND_BODY)

    def _serve(self) -> None:
        self._stop_waiting()
        if self.conn.their_state is not h11.SEND_BODY:
            self.limit.is_served(self)

    def _wait(self) -> None:
        self._stop_waiting()
        self._unread = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(self.patience, self._lose_patience)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose_patience(self) -> None:
        if self.transport.get_write_buffer_size() < self._unread:
            self._wait()  # a long answer, which is being read
        else:
            self.drop()


def timed_protocol(
    max_connections: int = MAX_CONNECTIONS, patience_s: float = PATIENCE_S
) -> type[TimedProtocol]:
    """The protocol of one listener, with its limits."""

    class Limited(TimedProtocol):
        limit = ConnectionLimit(max_connections)
        patience = patience_s

    return Limited


def room_for_connections() -> int:
    """How many connections the limit of open files allows. It is raised if that is allowed."""
    wanted = MAX_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    files = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(files - _OTHER_FILES, files // 5)
