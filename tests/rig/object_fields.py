"""Fields of Kubernetes objects: merged, listed and removed."""

from typing import Any


def merged(before: Any, change: Any) -> Any:
    """A merge patch (RFC 7396)."""
    if not isinstance(change, dict):
        return change
    result = dict(before) if isinstance(before, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def leaves(content: dict[str, Any], prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Each field that is no group, by its path; lists are one field."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            found |= leaves(value, (*prefix, key))
        elif (*prefix, key) not in {("metadata", "name"), ("metadata", "namespace")}:
            found[*prefix, key] = value
    return found


def drop(content: dict[str, Any], path: tuple[str, ...]) -> None:
    """Remove the field at this path."""
    *groups, last = path
    for group in groups:
        content = content.get(group, {})
    content.pop(last, None)
