"""What is wrong with a configuration, field by field, in plain English and without its values."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from adapter.errors import PolicyFault
from adapter.policy.spelling import did_you_mean
from adapter.runtime.validation import plain_words

_MAX_NAME_CHARS: Final = 64
"""Bounds a setting's name in a message, because the platform may send any name."""
_MOST_NAMES: Final = 8
"""How many settings a message lists."""

Location: TypeAlias = tuple[int | str, ...]

_LIST: Final = "must be a list: [...]"
_HINTS: Final[Mapping[str, str]] = {
    "dict_type": "must be an object: {...}",
    "int_from_float": "must be a whole number",
    "list_type": _LIST,
    "tuple_type": _LIST,
}
"""Words for people who write JSON, by pydantic's kind of error."""


def faults_in(error: ValidationError, model: type[BaseModel]) -> tuple[PolicyFault, ...]:
    """The faults that pydantic found while it read a configuration with this model."""
    found = error.errors(include_input=False, include_url=False)
    details = [each for each in found if not _follows(each, found)]
    return tuple(PolicyFault(_path(e["loc"]), _message(e, model)) for e in details)


def _follows(error: Any, others: Iterable[Any]) -> bool:
    """Whether a list only seems too short because some of its entries are wrong."""
    place = error["loc"]
    return error["type"] == "too_short" and any(
        len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in others
    )


def refuse(faults: Iterable[PolicyFault]) -> None:
    """Raise what a validator of a whole model found, each fault at its own field, if any."""
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{why}", {"why": fault.message}),
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
    if kind == "model_type":
        return f"must be an object, such as {json.dumps(_example(_model_at(model, location)))}"
    return _HINTS.get(kind) or plain_words(error)


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


def _example(model: type[BaseModel]) -> dict[str, Any]:
    """An object with the settings that have examples."""
    fields = model.model_fields.values()
    return {field.alias or "": field.examples[0] for field in fields if field.examples}


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel]:
    """The model of the object at a location."""
    for part in location:
        if isinstance(part, str):
            field = next(f for f in model.model_fields.values() if f.alias == part)
            [model] = _models_in(field.annotation)
    return model


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    """The models in a type, such as the one of the items of a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models_in(part)
