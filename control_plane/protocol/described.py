"""Notes of endpoints and dependencies for the OpenAPI document: what they take, answer and refuse.

A note stands beside the code that it is about. `openapi` collects the notes of an endpoint and of
everything that it depends on:

    @router.delete("/{tier_id}", status_code=204)
    @refuses(Conflict)
    @in_turn
    def delete(scope: ApisWriter, ...) -> None:

The scope notes the refusals of a missing token, a missing permission and a wrong id.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

from control_plane.errors import Refused

Function = TypeVar("Function", bound=Callable[..., Any])

JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
_REFUSES: Final = "refuses"
_READS: Final = "reads"
_ANSWERS: Final = "answers"
_TAKES: Final = "takes"


@dataclass(frozen=True, slots=True)
class Content:
    """A body: its type, and the media types that it may have."""

    kind: Any
    media_types: Sequence[str] = (JSON,)
    mode: Literal["validation", "serialization"] = "serialization"
    """Whether it is read or written, which pydantic may describe differently."""


def refuses(*kinds: type[Refused]) -> Callable[[Function], Function]:
    """Note which refusals a function raises, besides those of its own dependencies."""

    def noted(function: Function) -> Function:
        vars(function)[_REFUSES] = (*refused_by(function), *kinds)
        return function

    return noted


def reads(kind: Any, *media_types: str) -> Callable[[Function], Function]:
    """Note what the body of a request is, for an endpoint that reads it from the request."""
    return _noting(_READS, Content(kind, media_types or (JSON,), "validation"))


def answers(kind: Any) -> Callable[[Function], Function]:
    """Note what an endpoint answers if it does what it was asked: always JSON."""
    return _noting(_ANSWERS, Content(kind))


def takes(**schemas: Mapping[str, Any]) -> Callable[[Function], Function]:
    """Note which values parameters may have that are any text for FastAPI, as JSON schemas.

    A parameter with an array takes its values in one text, with commas between.
    """
    return _noting(_TAKES, schemas)


def one_of(*names: str) -> dict[str, Any]:
    """The schema of a text that is one of these."""
    return {"type": "string", "enum": [*names]}


def list_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a list."""
    return {"type": "array", "items": schema}


def _noting(name: str, note: Any) -> Callable[[Function], Function]:
    def noted(function: Function) -> Function:
        vars(function)[name] = note
        return function

    return noted


def refused_by(function: Any) -> tuple[type[Refused], ...]:
    """What a function notes that it refuses."""
    return getattr(function, _REFUSES, ())


def taken_by(function: Any) -> Mapping[str, Mapping[str, Any]]:
    """What a function notes about parameters, by their names."""
    return getattr(function, _TAKES, {})


def read_by(function: Any) -> Content | None:
    """What an endpoint notes that it reads."""
    return getattr(function, _READS, None)


def answered_by(function: Any) -> Content | None:
    """What an endpoint notes that it answers."""
    return getattr(function, _ANSWERS, None)
