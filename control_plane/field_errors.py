"""What is wrong with a request, in one line that names the fields and repeats no values.

Pydantic's own words are for programmers: `Input should be a valid tuple`. People who write requests
read `must be a list`, and for a name that does not exist, which one was probably meant.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.alias_generators import to_camel

from control_plane.spelling import did_you_mean

_MAX_NAMED: Final = 20
_MAX_NAME_CHARS: Final = 64
"""A client may send any name."""

_WORDS: Final[Mapping[str, str]] = {
    "bool": "must be true or false",
    "bytes": "must be text",
    "date": "must be a date",
    "datetime": "must be a time such as 2026-01-31T12:00:00Z",
    "dict": "must be an object: {...}",
    "enum": "must be {expected}",
    "extra": "unknown field",
    "finite": "must be a number",
    "float": "must be a number",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "int": "must be a whole number",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "list": "must be a list: [...]",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model": "must be an object: {...}",
    "string": "must be text",
    "string_pattern_mismatch": "has characters that are not allowed here",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_unicode": "must be text that can be written in UTF-8",
    "timezone": "must be a time with a time zone, such as 2026-01-31T12:00:00Z",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must not be empty",
    "tuple": "must be a list: [...]",
    "url": "must be a URL that begins with http:// or https://",
}
"""Our words, by pydantic's kind of error or by the first word of it."""


def field_errors(errors: Iterable[Mapping[str, Any]], model: type[BaseModel] | None = None) -> str:
    """All errors of pydantic or FastAPI, such as `limits.0.visible: is required`.

    `model` is what the body was read with. It tells which names exist.
    """
    lines = [_line(error, model) for error in errors]
    more = len(lines) - _MAX_NAMED
    return "; ".join(lines[:_MAX_NAMED] + ([f"and {more} more"] if more > 0 else []))


def placed_errors(
    errors: Iterable[Mapping[str, Any]], model: type[BaseModel]
) -> list[tuple[str, str]]:
    """All errors of pydantic as pairs: `limits.0.visible`, and what is wrong there."""
    return [(_place(error["loc"]), _message(error, model)) for error in errors]


def _line(error: Mapping[str, Any], model: type[BaseModel] | None) -> str:
    if error["type"] == "json_invalid":
        # The location is a number of characters, not the place of a value.
        return f"the body is not valid JSON, see character {error['loc'][-1]}"
    return f"{_place(error['loc'])}: {_message(error, model)}"


def _place(location: Sequence[str | int]) -> str:
    names = [str(part)[:_MAX_NAME_CHARS] for part in _inside(location)]
    if location and location[0] == "path":
        names = [to_camel(name) for name in names]
    return ".".join(names) or "value"


def _inside(location: Sequence[str | int]) -> Sequence[str | int]:
    """The location inside of the body or the parameters."""
    if location and location[0] in ("body", "query", "path", "header"):
        return location[1:] or location
    return location


def _message(error: Mapping[str, Any], model: type[BaseModel] | None) -> str:
    kind, context = error["type"], error.get("ctx") or {}
    if kind == "extra_forbidden":
        return _unknown(_inside(error["loc"]), model)
    words = _WORDS.get(kind) or _WORDS.get(kind.partition("_")[0])
    if words is None:
        message: str = error["msg"]
        return message.removeprefix("Value error, ")
    return words.format(**context) if "{..." not in words else words


def _unknown(location: Sequence[str | int], model: type[BaseModel] | None) -> str:
    for part in location[:-1]:
        if isinstance(part, str) and model is not None:
            field = next(field for field in model.model_fields.values() if field.alias == part)
            model = next(models_in(field.annotation), None)
    known = [field.alias or "" for field in model.model_fields.values()] if model else []
    near = did_you_mean(str(location[-1]), known)
    if near or not known:
        return f"unknown field{f'; {near}' if near else ''}"
    return f"unknown field; known are {', '.join(known)}"


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, such as the one of the items of a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from models_in(part)
