"""ASGI middleware around all routes: the Date of every answer."""

from datetime import datetime
from email.utils import format_datetime

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.clock import Clock


class DateHeader:
    """Dates every answer by our clock, with the time at which its request arrived.

    A client sends the date back as `if-modified-since`: a change that is made while the answer
    is being put together must count as later.
    """

    def __init__(self, app: ASGIApp, clock: Clock) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and date its answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began: datetime = self._clock.now()

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = format_datetime(began, usegmt=True)
            await send(message)

        await self._app(scope, receive, dated)
