"""Which values of a policy's configuration are secret, by the schema of its type.

`masked_secrets` knows secrets by their names. A schema knows better: `clientSecretExpression` says
only where a secret is. For a type without a schema, the names decide.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from control_plane.management.masked_secrets import (
    MASK,
    is_secret_name,
    masked,
    name_inside,
    without_password,
)
from control_plane.management.policy_types import schema_of

_MOST_ROWS: Final = 200
"""Of a list in which an item is found after it was moved."""


def masked_policy(asset_id: str, configuration: Any) -> Any:
    """A configuration of this type of policy for people to read, without its secrets."""
    return masked_configuration(schema_of(asset_id), configuration)


def masked_configuration(schema: Mapping[str, Any] | None, configuration: Any) -> Any:
    """The configuration with a mask for each secret. `schema` has no references."""
    return masked(configuration) if schema is None else _masked(schema, configuration)


def _masked(schema: Mapping[str, Any], value: Any) -> Any:
    if schema.get("format") == "password":
        return MASK if value else value
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        shown = {
            name: _masked(known[name], inner) if name in known else masked(inner, name)
            for name, inner in value.items()
        }
        is_pair = "value" in shown and is_secret_name(str(value.get("key", "")))
        return shown | ({"value": MASK} if is_pair else {})
    if isinstance(value, list):
        return [_masked(schema.get("items", {}), item) for item in value]
    return without_password(value) if isinstance(value, str) else value


def restored(given: Any, stored: Any) -> Any:
    """What was given, with the stored secrets in place of the masks.

    A mask stands for what is stored in the same place. In a list, it stands for what is stored in
    the same item, which may have another place now. Other masks stay: see `masks_in`.
    """
    if isinstance(given, str):
        return stored if _hides(given, stored) else given
    if isinstance(given, Mapping):
        known = stored if isinstance(stored, Mapping) else {}
        if name_inside(given) != name_inside(known):
            known = {name: value for name, value in known.items() if name != "value"}
        return {name: restored(value, known.get(name)) for name, value in given.items()}
    if isinstance(given, list):
        rows = stored if isinstance(stored, list) else []
        return [
            restored(item, _stored_item(index, item, rows, is_complete=len(rows) == len(given)))
            if any(masks_in(item, ""))
            else item
            for index, item in enumerate(given)
        ]
    return given


def _hides(given: Any, stored: Any) -> bool:
    """Whether what was given is the stored value behind a mask."""
    if isinstance(stored, str) and given == without_password(stored):
        return True
    return given == MASK and stored is not None


def _stored_item(index: int, item: Any, rows: list[Any], *, is_complete: bool) -> Any:
    """The stored row that the item of a list is; None if it is not clear.

    Rows with the same texts can be told apart by their places only, if there are as many as before.
    In a long list, an item is looked for in its old place only, because looking takes time.
    """
    if len(rows) > _MOST_ROWS:
        rows, index = rows[index : index + 1] if is_complete else [], 0
    named = (row for row in rows if _name(item) and _name(row) == _name(item))
    known = [row for row in rows if _has_texts_of(item, row)] or [*named]
    if is_complete and any(row is rows[index] for row in known):
        return rows[index]
    return known[0] if len(known) == 1 else None


def _name(item: Any) -> str:
    return name_inside(item) if isinstance(item, Mapping) else ""


def _has_texts_of(item: Any, row: Any) -> bool:
    """Whether both have the same texts, apart from masks and from lists inside them.

    The texts tell what something is, such as a host or a user. So no secret gets to another host.
    """
    if isinstance(item, Mapping) and isinstance(row, Mapping):
        return all(_has_texts_of(item.get(name), row.get(name)) for name in {**item, **row})
    if isinstance(item, str | Mapping) or isinstance(row, str | Mapping):
        return item == row or _hides(item, row)
    return True


def shown_as_new(value: Any, masked: Any, stored: Any, stored_masked: Any) -> Any:
    """The value with masks for the stored secrets only. Those that were just written are shown.

    `masked` is the value with masks for all secrets, and `stored_masked` is the same of `stored`.
    """
    return _with_masks(value, masked, [*_secrets(stored, stored_masked)])


def _with_masks(value: Any, masked: Any, secrets: list[Any]) -> Any:
    if isinstance(value, Mapping) and isinstance(masked, Mapping):
        return {name: _with_masks(value[name], masked[name], secrets) for name in value}
    if isinstance(value, list) and isinstance(masked, list):
        return [_with_masks(*pair, secrets) for pair in zip(value, masked, strict=True)]
    return masked if any(each in secrets for each in _leaves(value)) else value


def _secrets(value: Any, masked: Any) -> Iterator[Any]:
    """The texts and numbers that have a mask."""
    if isinstance(value, Mapping) and isinstance(masked, Mapping):
        for name in value:
            yield from _secrets(value[name], masked[name])
    elif isinstance(value, list) and isinstance(masked, list):
        for pair in zip(value, masked, strict=True):
            yield from _secrets(*pair)
    elif value != masked:
        yield from _leaves(value)


def _leaves(value: Any) -> Iterator[Any]:
    """All texts and numbers in the value. Whether something is on or off is no secret."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield value


def masks_in(value: Any, path: str) -> Iterator[str]:
    """The paths of masks, which stand for nothing that is stored."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from masks_in(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from masks_in(inner, f"{path}.{index}")
    elif isinstance(value, str) and (value == MASK or f"://{MASK}@" in value):
        yield path
