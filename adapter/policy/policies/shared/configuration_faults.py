"""What is wrong with a configuration, in plain English and without its values.

Pydantic finds the faults. Its own words are for programmers: `Input should be a valid tuple`. Here
an admin reads `must be a list: [...]`, and what to write instead.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import InitErrorDetails, PydanticCustomError

from adapter.errors import PolicyFault
from adapter.policy.spelling import did_you_mean

_MAX_NAME_CHARS: Final = 64
"""Bounds a setting's name in a message, because the platform may send any name."""
_MOST_NAMES: Final = 8
"""How many settings a message lists."""

Location: TypeAlias = tuple[int | str, ...]

_NUMBER: Final = "must be a whole number, such as 5"
_BOOLEAN: Final = "must be true or false"
_LIST: Final = "must be a list: [...]"
_TEXT: Final = "must be text, in quotes"
_OBJECT: Final = "must be an object: {{...}}"

_WORDS: Final[Mapping[str, str]] = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "dict_type": _OBJECT,
    "greater_than_equal": "must be at least {ge}",
    "int_from_float": _NUMBER,
    "int_parsing": _NUMBER,
    "int_parsing_size": _NUMBER,
    "int_type": _NUMBER,
    "less_than_equal": "must be at most {le}",
    "list_type": _LIST,
    "literal_error": "must be {expected}",
    "model_type": _OBJECT,
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must not be empty",
    "string_type": _TEXT,
    "string_unicode": "must be text that can be written in UTF-8",
    "too_long": "must have at most {max_length} items",
    "too_short": "must not be empty",
    "tuple_type": _LIST,
}
"""Our words for pydantic's types of errors (docs.pydantic.dev/latest/errors/validation_errors)."""


def faults_in(error: ValidationError, model: type[BaseModel]) -> tuple[PolicyFault, ...]:
    """The faults that pydantic found while it read a configuration with this model."""
    details = error.errors(include_input=False, include_url=False)
    return tuple(PolicyFault(_path(e["loc"]), _message(e, model)) for e in details)


def refuse(faults: Iterable[PolicyFault]) -> None:
    """Raise what a validator of a whole model found, each fault at its own field, if any."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("fault", "{why}", {"why": fault.message}),
            loc=(fault.field,),
            input=None,
        )
        for fault in faults
    ]
    if details:
        raise ValidationError.from_exception_data("configuration", details, hide_input=True)


def _path(location: Location) -> str:
    return ".".join(str(part)[:_MAX_NAME_CHARS] for part in location)


def _message(error: Any, model: type[BaseModel]) -> str:
    kind, location = error["type"], error["loc"]
    if kind == "extra_forbidden":
        return _unknown(str(location[-1]), _model_at(model, location[:-1]))
    if kind == "missing":
        return _missing(str(location[-1]), _model_at(model, location[:-1]))
    words = _WORDS.get(kind)
    if words is not None:
        return words.format(**error.get("ctx", {}))
    message: str = error["msg"]
    return message.removeprefix("Value error, ")


def _unknown(name: str, model: type[BaseModel]) -> str:
    known = [field.alias or name for name, field in model.model_fields.items()]
    fix = did_you_mean(name, known)
    if not fix:
        listed = f", or use one of {', '.join(known)}" if 0 < len(known) <= _MOST_NAMES else ""
        fix = f"remove it{listed}"
    return f"this setting is not supported; {fix}"


def _missing(name: str, model: type[BaseModel]) -> str:
    field = next(field for field in model.model_fields.values() if field.alias == name)
    examples = field.examples
    return f"is required{f'; for example {json.dumps(examples[0])}' if examples else ''}"


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model of the object at a location."""
    for part in location:
        if isinstance(part, str):
            field = next(f for f in model.model_fields.values() if f.alias == part)
            model = _model_in(field) or model
    return model


def _model_in(field: FieldInfo) -> type[BaseModel] | None:
    """The model that a field has, or has a list of."""
    waiting = [field.annotation]
    while waiting:
        kind: Any = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return kind
        waiting += get_args(kind)
    return None
