"""From a policy's configuration to the fields of a form, and back. It is pure.

The fields are named by their path, as the faults of `PolicyChecks` are:

    configurationData.rateLimits.0                  where the row comes from
    configurationData.rateLimits.0.maximumRequests  100
    configurationData.exposeHeaders                 true

What a form does not change stays in the configuration exactly as it is stored: a number that was
written as text, a default that was left out, a default that was written down. A stored secret never
becomes the text of a field, and an empty field for a secret keeps it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from control_plane.management.masked_secrets import is_secret_name
from control_plane.management.policy_types import Schema
from control_plane.pages.policies.schemas import kind_of, properties_of, shown

Values: TypeAlias = Mapping[str, str]
"""The text of each field by its name. A tick that is not set has none."""

CLEAR: Final = "forget"
"""The last part of the name of the tick that deletes a stored secret."""
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,30}")
_NOT_SENT: Final = object()
_NAME: Final[Schema] = {"type": "string"}


def fields_of(path: str, schema: Schema, value: Any, stored: Any) -> dict[str, str]:
    """The fields that show the value, where `stored` is what the database has.

    A secret gets a text only if it is not the stored one.
    """
    return dict(_fields(path, schema, value, stored))


def _fields(path: str, schema: Schema, value: Any, stored: Any) -> Iterator[tuple[str, str]]:
    kind = kind_of(schema)
    if kind == "group":
        value, stored = _object(value), _object(stored)
        for name, inner in properties_of(visible(schema, value)).items():
            yield from _fields(f"{path}.{name}", inner, value.get(name), stored.get(name))
    elif kind == "rows":
        for index, row in enumerate(_list(value)):
            origin = _origin(index, row, _list(stored))
            yield f"{path}.{index}", origin
            known = stored_row(_list(stored), origin)
            yield from _fields(f"{path}.{index}", schema["items"], row, known)
    elif kind == "secret":
        if value != stored and value:
            yield path, shown(schema, value)
    elif kind != "tick" or shown(schema, value):
        yield path, shown(schema, value)


def visible(schema: Schema, value: Mapping[str, Any]) -> Schema:
    """The schema of an object, where the value that goes with a secret name is a secret.

    A header is `{"key": "Authorization", "value": "Bearer ..."}`.
    """
    properties = properties_of(schema)
    if not {"key", "value"} <= properties.keys() or not is_secret_name(str(value.get("key", ""))):
        return schema
    return {
        **schema,
        "properties": {**properties, "value": {**properties["value"], "format": "password"}},
    }


def _origin(index: int, row: Any, stored: list[Any]) -> str:
    """The number of the stored row that this one is; empty for a new one."""
    same = [number for number, other in enumerate(stored) if other == row]
    if not same and isinstance(row, dict) and "key" in row:
        same = [
            number for number, other in enumerate(stored) if _object(other).get("key") == row["key"]
        ]
    if not same:
        return ""
    return str(index if index in same else same[0])


def stored_row(stored: list[Any], origin: str) -> Mapping[str, Any]:
    """The stored row that a row of the form comes from; empty for a new one."""
    number = int(origin) if origin.isascii() and origin.isdigit() and len(origin) < 6 else -1
    return _object(stored[number]) if 0 <= number < len(stored) else {}


def value_of(path: str, schema: Schema, fields: Values, stored: Any) -> Any:
    """The value that the fields make of what is stored; numbers that are none stay texts."""
    if kind_of(schema) == "rows":
        return _rows(path, schema, fields, _list(stored))
    return _group(path, schema, fields, _object(stored))


def _group(path: str, schema: Schema, fields: Values, stored: Mapping[str, Any]) -> dict[str, Any]:
    properties = properties_of(schema)
    found = {name: value for name, value in stored.items() if name not in properties}
    for name, inner in properties.items():
        value = _part(
            f"{path}.{name}", inner, fields, stored.get(name, _NOT_SENT), name in _required(schema)
        )
        if value is not _NOT_SENT:
            found[name] = value
    return found


def _required(schema: Schema) -> list[str]:
    found: list[str] = schema.get("required", [])
    return found


def _part(path: str, schema: Schema, fields: Values, stored: Any, required: bool) -> Any:
    kind = kind_of(schema)
    known = None if stored is _NOT_SENT else stored
    if kind == "group":
        return _group(path, schema, fields, _object(known)) or ({} if required else stored)
    if kind == "rows":
        rows = _rows(path, schema, fields, _list(known))
        return rows if rows or stored is not _NOT_SENT else _NOT_SENT
    if kind == "secret":
        return _secret(path, fields, stored)
    text = fields.get(path, "")
    if text == shown(schema, known) and (
        stored is not _NOT_SENT or not _must_say(schema, required)
    ):
        return stored
    return _read(schema, text, required)


def _must_say(schema: Schema, required: bool) -> bool:
    """Whether the default has to be written into the configuration, too."""
    return required and "default" in schema


def _rows(path: str, schema: Schema, fields: Values, stored: list[Any]) -> list[Any]:
    found = []
    for index in row_numbers(path, fields):
        row = f"{path}.{index}"
        known, seen = known_row(row, fields, stored), visible_row(row, fields, schema)
        found.append(_group(row, seen, fields, known))
    return found


def known_row(row: str, fields: Values, stored: list[Any]) -> Mapping[str, Any]:
    """What is stored of a row of the form; nothing of a new one.

    If its name was changed, then without its value: under the new name it could be shown.
    """
    known = stored_row(stored, fields[row])
    if "key" not in known or fields.get(f"{row}.key") == shown(_NAME, known["key"]):
        return known
    return {name: value for name, value in known.items() if name != "value"}


def visible_row(row: str, fields: Values, schema: Schema) -> Schema:
    """The schema of a row of a list that has this schema; see `visible`."""
    return visible(schema["items"], {"key": fields.get(f"{row}.key", "")})


def row_numbers(path: str, fields: Values) -> list[int]:
    """The numbers of the rows that the form has at the path."""
    pattern = re.compile(re.escape(path) + r"\.([0-9]{1,5})")
    return sorted(int(found[1]) for name in fields if (found := pattern.fullmatch(name)))


def _secret(path: str, fields: Values, stored: Any) -> Any:
    if text := fields.get(path, ""):
        return text
    return _NOT_SENT if f"{path}.{CLEAR}" in fields else stored


def _read(schema: Schema, text: str, required: bool) -> Any:
    kind = kind_of(schema)
    if kind == "tick":
        return text == "true"
    if kind == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()] or _NOT_SENT
    if text == "" and (required or kind in ("number", "choice") or not schema.get("default")):
        return _NOT_SENT
    return int(text) if kind == "number" and _WHOLE.fullmatch(text.strip()) else text


def with_row(path: str, schema: Schema, fields: Values) -> dict[str, str]:
    """The fields with a new row at the path of a list. They are the same if there is no such list.

    `schema` is that of the field before the first dot.
    """
    wanted = schema_at(path, schema)
    if wanted is None or kind_of(wanted) != "rows":
        return dict(fields)
    index = max(row_numbers(path, fields), default=-1) + 1
    return {
        **fields,
        f"{path}.{index}": "",
        **fields_of(f"{path}.{index}", wanted["items"], {}, {}),
    }


def without_row(path: str, fields: Values) -> dict[str, str]:
    """The fields without the row at the path, such as `configurationData.rateLimits.1`."""
    return {
        name: text
        for name, text in fields.items()
        if name != path and not name.startswith(f"{path}.")
    }


def schema_at(path: str, schema: Schema) -> Schema | None:
    """The schema of the value at a path; None if the type has no such path."""
    found: Schema | None = schema
    for name in path.split(".")[1:]:
        if found is None:
            return None
        found = found.get("items") if name.isdigit() else properties_of(found).get(name)
    return found


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
