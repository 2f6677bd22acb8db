"""HTTP/1.1 for operators, with h11: small requests, and answers that are sent in one piece."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

import h11
import structlog

from adapter.operations.hosts import names_this_machine
from adapter.operations.routes import Reply, Route, answer, text_reply

_CHUNK_BYTES: Final = 16 * 1024
"""h11 keeps up to 16 KB of an incomplete head, so that no head can be longer than 32 KB."""
_MOST_BODY_BYTES: Final = 64 * 1024
_SLOW_REQUEST: Final = "slow_request"
_SLOW_READER: Final = "slow_reader"

_OTHER_HOST: Final = text_reply("wrong host: use an IP address or localhost\n", 421)


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits of a client, in seconds."""

    request_s: float = 10.0
    """From the first byte of a request to its last. For the first request: from the connection."""
    answer_s: float = 30.0
    """For computing the answer, and for the client to take it."""
    idle_s: float = 75.0
    """From an answer to the next request."""


class HttpConnection:
    """One client's connection, from its first request to its last."""

    def __init__(
        self,
        routes: Iterable[Route],
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        patience: Patience,
        *,
        any_host: bool,
    ) -> None:
        self._routes = routes
        self._reader = reader
        self._writer = writer
        self._patience = patience
        self._any_host = any_host
        self._http = h11.Connection(h11.SERVER)
        self._if_late = _SLOW_REQUEST
        """The fault to count if the client is too late now; empty between two requests."""

    @property
    def answering(self) -> bool:
        """Whether a request is complete and its answer is not."""
        return self._if_late == _SLOW_READER

    async def run(self) -> str:
        """Answer until the client leaves. Returns the fault that ended the connection, or ''."""
        try:
            while self._http.our_state is h11.IDLE:
                await self._exchange()
            self._if_late = _SLOW_READER
            await self._close()
        except TimeoutError:
            return self._if_late
        except OSError:
            pass  # The client is gone.
        finally:
            self._writer.transport.abort()
        return ""

    async def _close(self) -> None:
        """Close after the client has taken the whole answer."""
        self._writer.close()
        async with asyncio.timeout(self._patience.answer_s):
            await self._writer.wait_closed()

    async def _exchange(self) -> None:
        """Answer one request. Afterwards the state is IDLE if another one may follow."""
        try:
            arrived = await self._request()
        except h11.RemoteProtocolError as e:
            if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._send(text_reply(str(e), e.error_status_hint), with_body=True)
            return
        if arrived is None:
            return
        request, body = arrived
        self._if_late = _SLOW_READER
        async with asyncio.timeout(self._patience.answer_s):
            method = request.method.decode()
            reply = await self._answer(method, request, body)
            await self._send(reply, with_body=method != "HEAD")
        if self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            self._if_late = _SLOW_REQUEST if self._http.trailing_data[0] else ""

    async def _request(self) -> tuple[h11.Request, bytes] | None:
        """Wait for the next complete request; None if the client closed the connection."""
        wait_s = self._patience.request_s if self._if_late else self._patience.idle_s
        async with asyncio.timeout(wait_s) as self._waiting:
            return await self._whole_request()

    async def _whole_request(self) -> tuple[h11.Request, bytes] | None:
        """See `_request`. The body is bounded."""
        request: h11.Request | None = None
        body = bytearray()
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                await self._read()
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.Data):
                body += event.data
                if len(body) > _MOST_BODY_BYTES:
                    raise h11.RemoteProtocolError("the request's body is too long", 413)
            elif isinstance(event, h11.EndOfMessage) and request is not None:
                return request, bytes(body)
            elif isinstance(event, h11.ConnectionClosed):
                self._http.send(h11.ConnectionClosed())
                return None

    async def _read(self) -> None:
        octets = await self._reader.read(_CHUNK_BYTES)
        if not self._if_late:
            self._if_late = _SLOW_REQUEST
            now = asyncio.get_running_loop().time()
            self._waiting.reschedule(now + self._patience.request_s)
        self._http.receive_data(octets)

    async def _answer(self, method: str, request: h11.Request, body: bytes) -> Reply:
        target = request.target.decode()
        headers = dict(request.headers)
        host = headers.get(b"host", b"").decode("latin-1")
        if not (self._any_host or names_this_machine(host, target)):
            return _OTHER_HOST
        try:
            from_page = b"origin" in headers
            return await answer(self._routes, method, target, body, from_web_page=from_page)
        except Exception:
            structlog.get_logger().exception("operations.answer_failed")
            return text_reply("internal error; see the log", 500)

    async def _send(self, reply: Reply, *, with_body: bool) -> None:
        headers = [
            ("date", formatdate(usegmt=True)),
            ("content-type", reply.content_type),
            ("content-length", str(len(reply.body))),
            *reply.headers,
        ]
        events: list[h11.Event] = [h11.Response(status_code=reply.status, headers=headers)]
        if with_body:
            events.append(h11.Data(data=reply.body))
        for event in (*events, h11.EndOfMessage()):
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()
