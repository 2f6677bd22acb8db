"""Reads one entry of a list."""

from typing import TypeVar

from pydantic import ValidationError

from adapter.platform_client.environment_file.entries import Entry
from adapter.platform_client.environment_file.faults import Faults

Kind = TypeVar("Kind", bound=Entry)


def read_entry(kind: type[Kind], row: object, place: str, faults: Faults) -> Kind | None:
    """The entry; None if it has faults, which are noted.

    Of an entry with `placeholders`, the lists remain, so that their faults are found, too.
    """
    try:
        return kind.model_validate(row)
    except ValidationError as e:
        faults.take(place, row, e, kind)
    if kind.placeholders is None or not isinstance(row, dict):
        return None
    known = {field.alias for field in kind.model_fields.values()}
    lists = {n: value for n, value in row.items() if n in known and isinstance(value, list)}
    return kind.model_validate({**kind.placeholders, **lists})
