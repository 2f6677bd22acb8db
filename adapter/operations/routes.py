"""What operators can ask, in words that know no HTTP."""

import json
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote

from adapter.errors import AdapterError

_MOST_PARAMETERS: Final = 16
_ORIGIN: Final = re.compile(r"^https?://[^/?]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked of a route."""

    names: Mapping[str, str]
    """What stood in the path where the route has a name in braces."""
    query: Mapping[str, str]
    """Of a repeated name, the first value."""


class Reply(NamedTuple):
    """What it was answered with."""

    body: bytes
    status: int = 200
    content_type: str = "text/plain; charset=utf-8"


class QuestionError(AdapterError):
    """What was asked is not there, or makes no sense; with a status that says which."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Route(NamedTuple):
    """A path such as `/apis/{api_id}`, and who answers it, or raises QuestionError."""

    path: str
    answer: Callable[[Question], Reply | Awaitable[Reply]]


def json_reply(value: Any, status: int = 200) -> Reply:
    """The value as JSON."""
    return Reply(json.dumps(value).encode(), status, "application/json; charset=utf-8")


def text_reply(text: str, status: int) -> Reply:
    """A sentence for whoever asked."""
    return Reply(text.encode("utf-8", "backslashreplace"), status)


async def answer(routes: Iterable[Route], method: str, target: str) -> Reply:
    """The answer of the route that the request target (RFC 9112, 3.2.1) leads to."""
    path, _, query = _ORIGIN.sub("", target).partition("?")
    segments = [unquote(segment) for segment in path.split("/")]
    for route in routes:
        names = _matched(route.path.split("/"), segments)
        if names is None:
            continue
        if method not in {"GET", "HEAD"}:
            return text_reply("there is nothing to do here but to GET", 405)
        try:
            question = Question(names, _parameters(query))
            reply = route.answer(question)
            return reply if isinstance(reply, Reply) else await reply
        except QuestionError as e:
            return text_reply(str(e), e.status)
    return text_reply("there is no such page", 404)


def _parameters(query: str) -> Mapping[str, str]:
    try:
        values = parse_qs(query, keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise QuestionError(f"more than {_MOST_PARAMETERS} parameters", 400) from None
    return {name: first for name, (first, *_) in values.items()}


def _matched(pattern: list[str], segments: list[str]) -> Mapping[str, str] | None:
    """What stands in the places of the names; None where it is not this pattern's path."""
    if len(pattern) != len(segments):
        return None
    names: dict[str, str] = {}
    for part, segment in zip(pattern, segments, strict=True):
        if part.startswith("{") and segment:
            names[part[1:-1]] = segment
        elif part != segment:
            return None
    return names
