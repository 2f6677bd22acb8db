"""Request bodies, bounded in size, time and depth before an endpoint gets them."""

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.errors import Busy, Invalid, Refused, TooLarge, TooSlow
from control_plane.http_statuses import status_of
from control_plane.protocol.ingest import INGEST_PATH
from control_plane.protocol.refusals import refusal
from control_plane.store.json_values import MAX_DEPTH, nested_too_deeply

_SMALL = 16 << 10
_RETRY_AFTER_S = 5
_MAX_NAME_CHARS = 64

BODY_REFUSALS: Final = (Invalid, TooLarge, TooSlow, Busy)
"""What any request with a body may be refused with."""


class RequestBodies:
    """Middleware that reads whole bodies, and refuses those over a limit.

    A body is read before its sender is known, so only a few large ones are held at a time. Event
    batches are left to their endpoint, which knows its caller when it reads them.
    """

    def __init__(
        self,
        app: ASGIApp,
        limit: int,
        ingest_limit: int,
        *,
        patience_s: float = 60.0,
        max_large: int = 64,
        refuse: Callable[[Scope, Refused], ASGIApp] | None = None,
    ) -> None:
        """The limits are in bytes; a body must be complete within `patience_s`.

        `refuse` gives the answer to a body that is refused; without it, that is JSON.
        """
        self._app = app
        self._limit = limit
        self._ingest_limit = ingest_limit
        self._patience_s = patience_s
        self._room = max_large
        self._refuse = refuse or (lambda _, error: refusal(error))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] == INGEST_PATH:
            await self._app(scope, self._as_it_comes(scope, receive), send)
        else:
            await self._whole(scope, receive, send)

    def _as_it_comes(self, scope: Scope, receive: Receive) -> Receive:
        incoming = _Incoming(scope, receive, self._ingest_limit, self._patience_s)

        async def bounded() -> Message:
            try:
                return await incoming.next()
            except Refused as error:
                raise HTTPException(status_of(error), error.message) from error

        return bounded

    async def _whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        places = 0

        def take_place() -> None:
            nonlocal places
            if not self._room:
                raise Busy("too many large bodies at once; try again", _RETRY_AFTER_S)
            self._room -= 1
            places = 1

        try:
            body = await _read(_Incoming(scope, receive, self._limit, self._patience_s), take_place)
            if body is None:
                return
            _check_json(scope, body)
            await self._app(scope, _replayed(body, receive), send)
        except Refused as error:
            await self._refuse(scope, error)(scope, receive, send)
        finally:
            self._room += places


class _Incoming:
    """The messages of one body, within a size and a time."""

    def __init__(self, scope: Scope, receive: Receive, limit: int, patience_s: float) -> None:
        declared = Headers(scope=scope).get("content-length", "0")
        # The server checks that the length is a number, and that the body keeps to it.
        self._declared = int(declared) if declared.isdigit() else 0
        self._receive = receive
        self._limit = limit
        self._patience_s = patience_s
        self._deadline = asyncio.get_running_loop().time() + patience_s
        self._received = 0
        self._complete = False

    async def next(self) -> Message:
        """The next message; raise TooLarge or TooSlow."""
        if self._complete:
            return await self._receive()
        if self._declared > self._limit:
            raise self._too_large()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            seconds = f"{self._patience_s:g} s"
            raise TooSlow(f"the body did not arrive within {seconds}") from None
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_large()
        self._complete = not message.get("more_body", False)
        return message

    def _too_large(self) -> TooLarge:
        return TooLarge(f"the body is over {self._limit} bytes")


async def _read(incoming: _Incoming, take_place: Callable[[], None]) -> bytes | None:
    """The whole body; None if the client went away. A large one must find a place."""
    body = bytearray()
    while True:
        message = await incoming.next()
        if message["type"] != "http.request":
            return None
        was_small = len(body) <= _SMALL
        body += message.get("body", b"")
        if was_small and len(body) > _SMALL:
            take_place()
        if not message.get("more_body", False):
            return bytes(body)


def _check_json(scope: Scope, body: bytes) -> None:
    if "json" not in Headers(scope=scope).get("content-type", "").lower():
        return
    if b"\0" in body or not _is_utf8(body):
        raise Invalid("the body is not UTF-8, which JSON is written in (RFC 8259, 8.1)")
    if nested_too_deeply(body):
        raise Invalid(f"the body has more than {MAX_DEPTH} levels of arrays and objects")
    # The endpoint finds every other mistake, and says where it is.
    with suppress(ValueError):
        json.loads(body, object_pairs_hook=_each_name_once, parse_constant=_no_constant)


def _each_name_once(members: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in members:
        if name in seen:
            raise Invalid(f"{name[:_MAX_NAME_CHARS]}: occurs twice in one object; remove one")
        seen.add(name)


def _no_constant(name: str) -> None:
    raise Invalid(f"{name} is not JSON (RFC 8259, 6); write a number or null")


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replayed() -> Message:
        return waiting.pop() if waiting else await receive()

    return replayed
