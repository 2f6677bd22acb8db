"""The base class of all policy configurations, and the function that reads them."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from adapter.errors import ExpressionError, PolicyError
from adapter.policy.expression import compile_expression

_MAX_FAULTS = 10
_MAX_NAME_CHARS = 64
"""Bounds a setting's name in a message, because the platform may send any name."""


class Configuration(BaseModel):
    """Reads the platform's `configurationData`, with its camelCase names.

    An unknown key is an error, because it might ask for protection that we would silently omit. It
    is accepted if its value has no effect: null, false, or anything empty. Null for a known key
    means its default.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_unused(cls, document: Any) -> Any:
        if not isinstance(document, Mapping):
            return document
        known = {field.alias for field in cls.model_fields.values()}
        return {
            key: value
            for key, value in cls.used(document).items()
            if value is not None and (key in known or not _asks_for_nothing(value))
        }

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the settings without those that have no effect because of others.

        A setting without effect must not close an API. Example: an old expression that an admin
        left in the configuration.
        """
        return given


def without(given: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The settings except those with these names."""
    return {name: value for name, value in given.items() if name not in names}


def _asks_for_nothing(value: object) -> bool:
    return value is False or value in ("", [], {})


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("number", "must be a number, not true or false")
    return value


Whole = Annotated[int, BeforeValidator(_no_truth)]
"""A whole number, also as text. `true` is rejected, although Python treats it as 1."""


def _compilable(source: str) -> str:
    try:
        compile_expression(source)
    except ExpressionError as e:
        raise PydanticCustomError("expression", "{why}", {"why": str(e)}) from None
    return source


ExpressionSource = Annotated[str, AfterValidator(_compilable)]
"""Text that `compile_expression` accepts. The model validates it, to report all errors at once."""

_C = TypeVar("_C", bound=Configuration)


def read_configuration(model: type[_C], given: Mapping[str, Any]) -> _C:
    """Validate a configuration. Raises PolicyError with all faults, without any values."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as e:
        errors = e.errors(include_input=False, include_url=False, include_context=False)
        faults = [f"{_place(e['loc'])}: {_fault(e['type'], e['msg'])}" for e in errors]
    more = f"; and {len(faults) - _MAX_FAULTS} more" if len(faults) > _MAX_FAULTS else ""
    raise PolicyError(f"invalid configuration: {'; '.join(faults[:_MAX_FAULTS])}{more}")


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part)[:_MAX_NAME_CHARS] for part in location) or "the whole configuration"


def _fault(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "this setting is not supported; remove it on the platform"
    return message.removeprefix("Value error, ")
