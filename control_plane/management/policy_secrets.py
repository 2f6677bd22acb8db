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
        rows = _Rows(stored, len(given)) if isinstance(stored, list) else None
        return [
            restored(item, rows and rows.of(index, item)) if any(masks_in(item, "")) else item
            for index, item in enumerate(given)
        ]
    return given


def _hides(given: Any, stored: Any) -> bool:
    """Whether what was given is the stored value behind a mask."""
    if isinstance(stored, str) and given == without_password(stored):
        return True
    return given == MASK and stored is not None


class _Rows:
    """The stored items of a list, for a list of so many items.

    Items are compared with masks for all their secrets, so that no guess at one changes anything.
    """

    def __init__(self, rows: list[Any], number: int) -> None:
        self._rows = rows
        self._shown = masked(rows)
        self._is_complete = len(rows) == number

    def of(self, index: int, item: Any) -> Any:
        """What is stored of the item that now has this place; None if it is not clear.

        Items with the same texts can be told apart by their places only, if there are as many as
        before. In a long list, an item is looked for in its old place only: looking takes time.
        """
        is_long = len(self._rows) > _MOST_ROWS
        places = [index] * self._is_complete if is_long else [*range(len(self._rows))]
        shown, name = masked(item), _name(item)
        found = [place for place in places if _has_texts_of(shown, self._shown[place])]
        found = found or [place for place in places if name and _name(self._rows[place]) == name]
        if self._is_complete and index in found:
            return self._rows[index]
        return self._rows[found[0]] if len(found) == 1 else None


def _name(item: Any) -> str:
    return name_inside(item) if isinstance(item, Mapping) else ""


def _has_texts_of(item: Any, row: Any) -> bool:
    """Whether both have the same texts, apart from lists inside them.

    The texts tell what something is, such as a host or a user. So no secret gets to another host.
    """
    if isinstance(item, Mapping) and isinstance(row, Mapping):
        return all(_has_texts_of(item.get(name), row.get(name)) for name in {**item, **row})
    if isinstance(item, str | Mapping) or isinstance(row, str | Mapping):
        return bool(item == row)
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
