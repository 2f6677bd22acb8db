"""ASGI middleware around all routes: a bound on bodies, and the Date of every answer."""

from datetime import datetime
from email.utils import format_datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.analytics_ingest import INGEST_PATH
from control_plane.clock import Clock


class BodyLimit:
    """Stops reading a request once its body is over the limit, and answers 413."""

    def __init__(self, app: ASGIApp, limit: int, ingest_limit: int) -> None:
        self._app = app
        self._limit = limit
        self._ingest_limit = ingest_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._ingest_limit if scope["path"] == INGEST_PATH else self._limit
        declared = Headers(scope=scope).get("content-length", "0")
        # The server checks that the length is a number, and that the body keeps to it.
        too_long = int(declared) > limit if declared.isdigit() else False
        received = 0

        async def counted() -> Message:
            nonlocal received
            if too_long:
                raise HTTPException(413, f"the body is over {limit} bytes")
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, f"the body is over {limit} bytes")
            return message

        await self._app(scope, counted, send)


class DateHeader:
    """Dates every answer by our clock, from before it was made.

    A client sends the date back as `if-modified-since`: a change that is made while the answer
    is being put together must count as later.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and date what comes back."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began: datetime = self._clock.now()

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(began, usegmt=True)
            await send(message)

        await self._app(scope, receive, dated)
