"""What a form shows: the settings of a JSON Schema, with labels, help, values and errors.

Made from the fields of `form_values`, so a form that is wrong is shown again as it was sent.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from control_plane.management.policy_types import Schema
from control_plane.pages.policies.form_values import (
    CLEAR,
    Values,
    known_row,
    row_numbers,
    visible_row,
)
from control_plane.pages.policies.schemas import Kind, kind_of, properties_of

MAX_FIELDS: Final = 900
"""Settings with more fields are edited as JSON. Browsers may send `forms.MAX_FIELDS`."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field."""

    path: str
    kind: Kind
    label: str
    help: str
    required: bool
    text: str
    choices: Sequence[str] = ()
    example: str = ""
    is_stored: bool = False
    """The database has a secret for it, which an empty field keeps."""
    is_long: bool = False
    """The text has several lines."""

    @property
    def clear(self) -> str:
        """The name of the tick that deletes the stored secret; empty if there is none."""
        return f"{self.path}.{CLEAR}" if self.is_stored and not self.required else ""


@dataclass(frozen=True, slots=True)
class Group:
    """Settings that belong together."""

    path: str
    label: str
    help: str
    parts: "Sequence[Part]"
    kind: Kind = "group"


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a list."""

    path: str
    origin: str
    """What `form_values` calls so."""
    label: str
    parts: "Sequence[Part]"


@dataclass(frozen=True, slots=True)
class Rows:
    """A list of groups of settings."""

    path: str
    label: str
    help: str
    item: str
    """What an entry is called, as in `Add a limit`."""
    rows: Sequence[Row]
    may_add: bool
    required: bool
    kind: Kind = "rows"


Part: TypeAlias = Setting | Group | Rows


def part_of(path: str, schema: Schema, fields: Values, stored: Any) -> Part:
    """The form for the fields below the path."""
    return _part(path, path, schema, fields, stored, required=False)


def _part(
    path: str, sent: str, schema: Schema, fields: Values, stored: Any, *, required: bool
) -> Part:
    """`sent` is the path that the fields have; rows are counted anew for the form."""
    kind = kind_of(schema)
    label, text = schema.get("title", ""), schema.get("description", "")
    if kind == "group":
        return Group(path, label, text, list(_parts(path, sent, schema, fields, stored)))
    if kind == "rows":
        return _rows(path, sent, schema, fields, stored, required=required)
    value = fields.get(sent, "")
    return Setting(
        path,
        kind,
        label,
        text,
        required,
        value,
        choices=_choices(schema, value),
        example=_example(schema),
        is_stored=kind == "secret" and bool(stored),
        is_long="\n" in value,
    )


def _parts(path: str, sent: str, schema: Schema, fields: Values, stored: Any) -> Iterator[Part]:
    known: Mapping[str, Any] = stored if isinstance(stored, Mapping) else {}
    for name, inner in properties_of(schema).items():
        yield _part(
            f"{path}.{name}",
            f"{sent}.{name}",
            inner,
            fields,
            known.get(name),
            required=name in schema.get("required", ()),
        )


def _rows(
    path: str, sent: str, schema: Schema, fields: Values, stored: Any, *, required: bool
) -> Rows:
    rows, item = [], _item(schema)
    for count, index in enumerate(row_numbers(sent, fields)):
        row = f"{sent}.{index}"
        known = known_row(row, fields, stored if isinstance(stored, list) else [])
        seen = visible_row(row, fields, schema)
        parts = list(_parts(f"{path}.{count}", row, seen, fields, known))
        rows.append(Row(f"{path}.{count}", fields[row], f"{item} {count + 1}", parts))
    may_add = len(rows) < schema.get("maxItems", schema.get("maxLength", MAX_FIELDS))
    return Rows(path, schema["title"], schema.get("description", ""), item, rows, may_add, required)


def _item(schema: Schema) -> str:
    title: str = schema["items"].get("title", "Entry")
    return title


def _choices(schema: Schema, value: str) -> list[str]:
    choices = list(map(str, schema.get("enum", ())))
    return choices if not choices or value in choices else [value, *choices]


def _example(schema: Schema) -> str:
    example = next(iter(schema.get("examples", ())), "")
    if isinstance(example, list):
        return "\n".join(map(str, example)) if kind_of(schema) == "lines" else ""
    return example if isinstance(example, str) else json.dumps(example)


def settings_of(part: Part) -> Iterator[Setting]:
    """All fields of a form."""
    if isinstance(part, Setting):
        yield part
    elif isinstance(part, Group):
        for inner in part.parts:
            yield from settings_of(inner)
    else:
        for row in part.rows:
            for inner in row.parts:
                yield from settings_of(inner)


def rows_of(part: Part) -> Iterator[Rows]:
    """The lists of a form that are not inside another list."""
    if isinstance(part, Rows):
        yield part
    elif isinstance(part, Group):
        for inner in part.parts:
            yield from rows_of(inner)


def errors_at(part: Part, faults: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What is wrong, by the place in the form that shows it; "" stands for the whole form.

    Faults are pairs of a path and a message. The path may lead further than the form does: into a
    line of a field, or to a setting that the form does not have.
    """
    places = labels_of(part)
    found: dict[str, list[str]] = {}
    for path, message in faults:
        names = path.split(".")
        shown = [".".join(names[:end]) for end in range(len(names), 0, -1)]
        place = next((each for each in shown if each in places), "")
        rest = path[len(place) :].strip(".")
        found.setdefault(place, []).append(_at(rest, message))
    return {place: " ".join(messages) for place, messages in found.items()}


def _at(rest: str, message: str) -> str:
    where = f"Line {int(rest) + 1}: " if rest.isdigit() else f"{rest}: " if rest else ""
    text = message if where else message[:1].upper() + message[1:]
    return f"{where}{text}{'' if text.endswith(('.', '?', '!')) else '.'}"


def labels_of(part: Part) -> dict[str, str]:
    """What each place in the form is called, such as `Limit 1: Maximum requests`."""
    return dict(_labels(part, ""))


def _labels(part: Part, before: str) -> Iterator[tuple[str, str]]:
    yield part.path, f"{before}{part.label}"
    if isinstance(part, Group):
        for inner in part.parts:
            yield from _labels(inner, before)
    elif isinstance(part, Rows):
        for row in part.rows:
            yield row.path, f"{before}{row.label}"
            for inner in row.parts:
                yield from _labels(inner, f"{before}{row.label}: ")
