"""The base class of all policy configurations, and the function that reads them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema, no_info_after_validator_function

from adapter.errors import ExpressionError, PolicyError
from adapter.policy.expression import compile_expression
from adapter.policy.policies.shared.configuration_faults import faults_in
from adapter.policy.policies.shared.field_descriptions import describe

_MAX_FAULTS = 10


class Configuration(BaseModel):
    """Reads the platform's `configurationData`, with its camelCase names.

    An unknown key is an error, because it might ask for protection that we would silently omit. It
    is accepted if its value has no effect: null, false, or anything empty. Null for a known key
    means its default.
    """

    only_if: ClassVar[Mapping[str, str]] = {}
    """Settings that have no effect without another one, and what that must be."""

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

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The JSON Schema, with what a form needs beyond the types."""
        schema = handler(core_schema)
        describe(handler.resolve_ref_schema(schema), cls)
        return schema


def warnings_on_unused(model: type[Configuration], given: Mapping[str, Any]) -> tuple[str, ...]:
    """A warning for each setting of `only_if` that asks for something and has no effect."""
    used = model.used(given)
    defaults = {field.alias: field.default for field in model.model_fields.values()}
    return tuple(
        f"{name} has no effect unless {condition}"
        for name, condition in model.only_if.items()
        if name not in used
        and (value := given.get(name)) not in (None, defaults[name])
        and not _asks_for_nothing(value)
    )


def without(given: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The settings except those with these names."""
    return {name: value for name, value in given.items() if name not in names}


def _asks_for_nothing(value: object) -> bool:
    return value is False or value in ("", [], {})


def _no_truth(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("value_error", "must be a number, not true or false")
    return value


NUMBER: Final = BeforeValidator(_no_truth)
"""Rejects `true`, although Python treats it as 1. It comes last in a type, after the bounds."""

Whole = Annotated[int, NUMBER]
"""A whole number, also as text."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """The whole text has to match this regular expression; `fault` says what is wrong if not."""

    regex: str
    fault: str

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """See `pydantic.AfterValidator`."""
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """The pattern, and under `errorMessage` the words for people."""
        schema = handler(core_schema)
        return {**schema, "pattern": f"^(?:{self.regex})$", "errorMessage": self.fault}

    def _checked(self, text: str) -> str:
        if re.fullmatch(self.regex, text) is None:
            raise PydanticCustomError("value_error", "{why}", {"why": self.fault})
        return text


def _compilable(source: str) -> str:
    try:
        compile_expression(source)
    except ExpressionError as e:
        raise PydanticCustomError("value_error", "{why}", {"why": str(e)}) from None
    return source


ExpressionSource = Annotated[
    str, AfterValidator(_compilable), Field(json_schema_extra={"format": "expression"})
]
"""Text that `compile_expression` accepts. The model validates it, to report all errors at once."""

_C = TypeVar("_C", bound=Configuration)


def read_configuration(model: type[_C], given: Mapping[str, Any]) -> _C:
    """Validate a configuration. Raises PolicyError with all faults, without any values."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as e:
        faults = faults_in(e, model)
    lines = [f"{fault.field or 'the whole configuration'}: {fault.message}" for fault in faults]
    more = f"; and {len(lines) - _MAX_FAULTS} more" if len(lines) > _MAX_FAULTS else ""
    raise PolicyError(f"invalid configuration: {'; '.join(lines[:_MAX_FAULTS])}{more}", faults)
