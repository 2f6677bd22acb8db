"""Takes secrets out of values that are kept for people to read."""

import re
from collections.abc import Mapping
from typing import Any, Final

MASK: Final = "***"

_SECRET_NAME: Final = re.compile(
    r"secret|passw|passphrase|token|credential|authoriz|cookie|bearer|(api|private|signing|text).?key",
    re.IGNORECASE,
)
_MEASURE: Final = re.compile(r"(length|ttl|time|timeout|lifetime|age)$", re.IGNORECASE)
"""Numbers under such names say how long a key is, or how long a token counts."""
_PASSWORD_IN_URL: Final = re.compile(r"(?<=://)[^/?#\s]+(?=@)")


def masked(value: Any, name: str = "") -> Any:
    """The value with a mask for everything that its name says is secret.

    Masks values under names such as `password`, the `value` beside such a name (a list of headers
    has `{"key": "Authorization", "value": ...}`), and the credentials in URLs. A mask shows
    nothing of its value, not even the length.
    """
    if _is_measure(name, value):
        return value
    if is_secret_name(name) and value is not None and not isinstance(value, bool):
        return MASK
    if isinstance(value, dict):
        named = name_inside(value)
        return {
            key: masked(inner, named if key == "value" else key) for key, inner in value.items()
        }
    if isinstance(value, list):
        return [masked(inner) for inner in value]
    return without_password(value) if isinstance(value, str) else value


def _is_measure(name: str, value: Any) -> bool:
    return isinstance(value, int | float) and _MEASURE.search(name) is not None


def is_secret_name(name: str) -> bool:
    """Whether values of this name are secret, such as those of a header `Authorization`."""
    return _SECRET_NAME.search(name) is not None


def without_password(text: str) -> str:
    """The text with a mask for the credentials in the URLs that it contains."""
    return _PASSWORD_IN_URL.sub(MASK, text)


def name_inside(value: Mapping[str, Any]) -> str:
    """What a name-value pair is the value of; empty if it is no such pair."""
    return " ".join(str(value[key]) for key in ("key", "name", "header") if key in value)
