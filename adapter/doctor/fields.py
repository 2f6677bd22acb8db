"""Reads fields of Envoy's configuration, whatever is really there.

A field that is missing or of another type counts as not set. So a check never fails because of a
broken configuration. Whether types are right is for `envoy --mode validate`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Tree: TypeAlias = dict[str, Any]
"""A message of Envoy's configuration, in the JSON form of protobuf."""

_NUMBER = re.compile(r"-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?")
_DURATION = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)s")


def tree(parent: Mapping[str, Any], *names: str) -> Tree:
    """The message at this path; empty if there is none."""
    value: Any = parent
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, dict) else {}


def trees(parent: Mapping[str, Any], name: str) -> list[Tree]:
    """The messages in this list."""
    value = parent.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def texts(parent: Mapping[str, Any], name: str) -> list[str]:
    """The strings in this list."""
    value = parent.get(name)
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def text(parent: Mapping[str, Any], name: str) -> str:
    """The string, or the empty string."""
    value = parent.get(name)
    return value if isinstance(value, str) else ""


def flag(parent: Mapping[str, Any], name: str) -> bool:
    """The boolean; false if it is not set. Envoy also reads `{value: true}` and `"true"`."""
    value = _bare(parent.get(name))
    return value is True or value == "true"


def number(parent: Mapping[str, Any], name: str) -> float | None:
    """The number, which may be written as a string."""
    value = _bare(parent.get(name))
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _bare(value: Any) -> Any:
    """The value inside a wrapper message of protobuf, such as `BoolValue`."""
    return value.get("value") if isinstance(value, Mapping) else value


def seconds(parent: Mapping[str, Any], name: str) -> float | None:
    """The duration in seconds."""
    match = _DURATION.fullmatch(text(parent, name))
    return float(match[1]) if match else None


def typed_messages(config: Any, *kinds: str) -> Iterator[Tree]:
    """The messages of these types, however deep, in the order of the configuration.

    For example `.route.v3.Route`: the end of the type's name.
    """
    if isinstance(config, list):
        for item in config:
            yield from typed_messages(item, *kinds)
    elif isinstance(config, dict) and text(config, "@type").endswith(kinds):
        yield config
    elif isinstance(config, dict):
        yield from typed_messages(list(config.values()), *kinds)


def kind_of(config: Mapping[str, Any]) -> str:
    """The extension that a typed configuration belongs to, for example `ext_authz`."""
    parts = text(config, "@type").rpartition("/")[2].split(".")
    return parts[-3] if len(parts) > 2 else ""


def skips_filter(config: Tree) -> bool:
    """Whether a matcher in this configuration of a filter skips the filter for some requests."""
    return any(typed_messages(list(config.values()), ".matcher.action.v3.SkipFilter"))


def unwrapped(config: Tree) -> Tree:
    """The configuration inside the wrappers of Envoy and of control planes."""
    kind = text(config, "@type")
    if kind.endswith(".TypedStruct"):
        return unwrapped({**tree(config, "value"), "@type": text(config, "type_url")})
    if kind.endswith(".route.v3.FilterConfig"):
        inner = unwrapped(tree(config, "config"))
        return {**inner, "disabled": True} if flag(config, "disabled") else inner
    if kind.endswith(".TypedExtensionConfig"):
        return unwrapped(tree(config, "typed_config"))
    return config
