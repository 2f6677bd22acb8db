"""Request bodies and parameters: the base class of bodies, and types that several of them use."""

from typing import Annotated, Any, ClassVar, Final

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from control_plane.management.texts import one_line, prose
from control_plane.store.json_values import require_json
from control_plane.store.tables import MAX_ID

RowId = Annotated[int, Path(ge=1, le=MAX_ID)]
Id = Annotated[int, Field(ge=1, le=MAX_ID)]
Name = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(one_line)]
Prose = Annotated[str, Field(max_length=4000), AfterValidator(prose)]
Uri = Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(one_line)]

UUID_PATTERN: Final = "^[a-fA-F0-9]{8}(-[a-fA-F0-9]{4}){3}-[a-fA-F0-9]{12}$"


def _without_nul(text: str | None) -> str | None:
    """The text with another control character for NUL, which no stored name has either.

    PostgreSQL refuses NUL, and SQLite ends a pattern there and would find everything.
    """
    return text and text.replace("\0", "\x01")


# The database compares texts with patterns up to a length only.
Filter = Annotated[str | None, Query(max_length=256), AfterValidator(_without_nul)]
JsonObject = Annotated[dict[str, Any], AfterValidator(require_json)]


ANSWERED: Final = frozenset(
    {"apiId", "audit", "environmentId", "id", "masterOrganizationId", "organizationId"}
)
"""Fields of our answers that tools send back when they change a thing."""


def _show_ignored(schema: dict[str, Any], body: type[BaseModel]) -> None:
    """Add the fields without effect to the schema, which allows no others."""
    fields: frozenset[str] = getattr(body, "ignored", frozenset())
    shown = {name: {"description": "Accepted, without effect."} for name in sorted(fields)}
    schema["properties"] = shown | schema.get("properties", {})


def _whole(value: Any) -> Any:
    """A number without a fraction as a whole number: JSON Schema makes no difference."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Body(BaseModel):
    """A request body with the official camelCase names. Unknown fields are refused by name."""

    model_config = ConfigDict(
        alias_generator=to_camel, strict=True, extra="forbid", json_schema_extra=_show_ignored
    )

    ignored: ClassVar[frozenset[str]] = frozenset()
    """Fields that the vendor's clients send, without effect here (docs/control-plane.md)."""

    @model_validator(mode="before")
    @classmethod
    def _without_ignored(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        return {name: _whole(value) for name, value in document.items() if name not in cls.ignored}

    def given(self) -> dict[str, Any]:
        """The fields that the caller sent, by their Python names: what a PATCH changes."""
        return {name: getattr(self, name) for name in self.model_fields_set}
