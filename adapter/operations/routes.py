"""Routes and answers of the operator listeners, independent of HTTP."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple
from urllib.parse import parse_qs, unquote

from adapter.errors import AdapterError

_MOST_PARAMETERS: Final = 16
_ORIGIN: Final = re.compile(r"^https?://[^/?]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a route."""

    names: Mapping[str, str]
    """The path segments at the places where the route has a name in braces."""
    query: Mapping[str, str]
    """If a name occurs several times, its first value."""
    body: bytes = b""
    from_web_page: bool = False
    """Whether a browser sent it for a web page (it has an `Origin`, RFC 6454)."""


class Reply(NamedTuple):
    """The answer to a request."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()


class QuestionError(AdapterError):
    """The request cannot be answered; `status` is the HTTP status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Route(NamedTuple):
    """A path such as `/apis/{api_id}`, and its handler, which may raise QuestionError."""

    path: str
    answer: Callable[[Question], Reply | Awaitable[Reply]]
    method: Literal["GET", "POST"] = "GET"
    """A GET route also answers HEAD."""
    parameters: tuple[str, ...] | None = None
    """The query parameters that it reads; others are refused. None: it reads none, and callers may
    send any."""

    def takes(self, method: str) -> bool:
        """Whether it answers requests with this method."""
        return method == self.method or (method == "HEAD" and self.method == "GET")


def json_reply(value: Any, status: int = 200) -> Reply:
    """The value as JSON."""
    return Reply(json.dumps(value).encode(), status, "application/json; charset=utf-8")


def text_reply(text: str, status: int) -> Reply:
    """A text as the answer."""
    return Reply(text.encode("utf-8", "backslashreplace"), status)


async def answer(
    routes: Iterable[Route],
    method: str,
    target: str,
    body: bytes = b"",
    *,
    from_web_page: bool = False,
) -> Reply:
    """The answer of the route that matches the request target (RFC 9112, 3.2.1)."""
    path, _, query = _ORIGIN.sub("", target).partition("?")
    segments = [unquote(segment) for segment in path.split("/")]
    allowed: list[str] = []
    for route in routes:
        names = _matched(route.path.split("/"), segments)
        if names is None:
            continue
        if not route.takes(method):
            allowed.append(route.method)
            continue
        try:
            question = Question(names, _parameters(query, route), body, from_web_page)
            reply = route.answer(question)
            return reply if isinstance(reply, Reply) else await reply
        except QuestionError as e:
            return text_reply(str(e), e.status)
    return _not_allowed(allowed) if allowed else text_reply("not found", 404)


def _not_allowed(methods: list[str]) -> Reply:
    reply = text_reply(f"method not allowed: use {' or '.join(methods)}", 405)
    listed = ["GET, HEAD" if method == "GET" else method for method in methods]
    return reply._replace(headers=(("allow", ", ".join(listed)),))


def _parameters(query: str, route: Route) -> Mapping[str, str]:
    try:
        values = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise QuestionError(f"too many query parameters: at most {_MOST_PARAMETERS}", 400) from None
    unknown = [] if route.parameters is None else sorted(values.keys() - set(route.parameters))
    if unknown:
        known = ", ".join(route.parameters or ()) or "none"
        raise QuestionError(f"unknown parameter {unknown[0][:40]!r}; known are: {known}", 400)
    return {name: first for name, (first, *_) in values.items()}


def _matched(pattern: list[str], segments: list[str]) -> Mapping[str, str] | None:
    """The segments at the names' places; None if the path does not match the pattern."""
    if len(pattern) != len(segments):
        return None
    names: dict[str, str] = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{") and segment:
            names[part[1:-1]] = segment
        elif part != segment:
            return None
    return names
