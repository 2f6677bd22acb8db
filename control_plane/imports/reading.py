"""Reads the rows of a source one by one, so that a bad row refuses itself and nothing else."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from control_plane.errors import Invalid
from control_plane.field_errors import field_errors
from control_plane.imports.source import Part


class Row(BaseModel):
    """A row of a source. Members that have no meaning here are left out."""

    model_config = ConfigDict(
        extra="ignore", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


Model = TypeVar("Model", bound=Row)


class Rows(NamedTuple, Generic[Model]):
    """Rows of one kind."""

    read: tuple[Model, ...]
    refused: tuple[Part, ...]
    """Those that could not be read, with the reasons."""


def read_rows(model: type[Model], rows: Any, kind: str) -> Rows[Model]:
    """Read all rows of this kind; raise Invalid if they are not a list. None is an empty list."""
    if not isinstance(rows, list | tuple | None):
        raise Invalid(f"{kind}: a list of objects is needed")
    read: list[Model] = []
    refused: list[Part] = []
    for number, row in enumerate(rows or ()):
        try:
            read.append(model.model_validate(row))
        except ValidationError as error:
            refused.append(
                Part(_name_of(row, f"{kind} {number}"), refusal=field_errors(error.errors()))
            )
    return Rows(tuple(read), tuple(refused))


def present(**members: Any) -> dict[str, Any]:
    """The members that have a value: neither None nor empty. Names are in camel case."""
    return {to_camel(name): value for name, value in members.items() if not _is_empty(value)}


def listed(payload: Any, *names: str) -> Any:
    """The list in an answer: the answer itself, or its first member of these names."""
    if isinstance(payload, Mapping):
        return next((payload[name] for name in names if name in payload), None)
    return payload


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {}, ())


def _name_of(row: Any, otherwise: str) -> str:
    names = ("name", "assetId", "id")
    known: Iterable[Any] = (row.get(name) for name in names) if isinstance(row, Mapping) else ()
    return next((str(name) for name in known if isinstance(name, str | int)), otherwise)
