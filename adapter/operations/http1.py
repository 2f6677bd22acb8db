"""HTTP/1.1 for operators, with h11: requests without much of a body, answers of one piece."""

import asyncio
from collections.abc import Iterable
from email.utils import formatdate
from typing import Final

import h11
import structlog

from adapter.operations.routes import Reply, Route, answer, text_reply

_PATIENCE_S: Final = 75.0
"""For a request and its answer, the wait for the request included."""
_CHUNK_BYTES: Final = 64 * 1024


class HttpConnection:
    """One client's connection, from its first request to its last."""

    def __init__(
        self, routes: Iterable[Route], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._routes = routes
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.SERVER)

    async def run(self) -> None:
        """Answer until the client goes, or has kept us waiting."""
        try:
            while self._http.our_state is h11.IDLE:
                async with asyncio.timeout(_PATIENCE_S):
                    await self._exchange()
        except (OSError, TimeoutError):
            pass  # Whoever asked is gone.
        finally:
            self._writer.close()

    async def _exchange(self) -> None:
        """Answer one request; afterwards the state is IDLE if there may be another."""
        try:
            request = await self._request()
        except h11.RemoteProtocolError as e:
            if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._send(text_reply(str(e), e.error_status_hint), with_body=True)
            return
        if request is None:
            return
        method = request.method.decode()
        await self._send(await self._answer(method, request), with_body=method != "HEAD")
        if self._http.our_state is self._http.their_state is h11.DONE:
            self._http.start_next_cycle()

    async def _request(self) -> h11.Request | None:
        """The next request, once it is whole; its body is nothing to us. None: there is none."""
        request: h11.Request | None = None
        while True:
            event = self._http.next_event()
            if event is h11.NEED_DATA:
                self._http.receive_data(await self._reader.read(_CHUNK_BYTES))
            elif isinstance(event, h11.Request):
                request = event
            elif isinstance(event, h11.EndOfMessage):
                return request
            elif isinstance(event, h11.ConnectionClosed):
                self._http.send(h11.ConnectionClosed())
                return None

    async def _answer(self, method: str, request: h11.Request) -> Reply:
        try:
            return await answer(self._routes, method, request.target.decode())
        except Exception:
            structlog.get_logger().exception("operations.answer_failed")
            return text_reply("internal error; see the log", 500)

    async def _send(self, reply: Reply, *, with_body: bool) -> None:
        headers = [
            ("date", formatdate(usegmt=True)),
            ("content-type", reply.content_type),
            ("content-length", str(len(reply.body))),
        ]
        if reply.status == 405:
            headers.append(("allow", "GET, HEAD"))
        events: list[h11.Event] = [h11.Response(status_code=reply.status, headers=headers)]
        if with_body:
            events.append(h11.Data(data=reply.body))
        for event in (*events, h11.EndOfMessage()):
            self._writer.write(self._http.send(event) or b"")
        await self._writer.drain()
