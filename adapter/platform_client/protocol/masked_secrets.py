"""Finds secrets that the platform replaced by a mask.

The platform masks a policy's secrets if the client has no right to read them. If we used the mask
as the value, it would be a password that everybody can guess.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_MASK_RUN: Final = re.compile("[*\u2022\u25cf\u2219\u00b7\u204e\u2217\u2588\u25a0]{3,}")
"""Asterisks, bullets, middle dots and blocks."""
_MASK_TEXTS: Final = frozenset({"masked", "hidden", "redacted", "secret hidden", "sensitive"})
_MOST_NAME_CHARS: Final = 64
_BRACKETS: Final = "<>[](){}"


def masked_places(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """The places in a policy's configuration where a value is masked, as dotted names."""
    return tuple(place for place, value in _texts(configuration, "") if is_mask(value))


def is_mask(text: str) -> bool:
    """Whether a text has only mask characters, or is a known mask text in brackets."""
    text = text.strip()
    if _MASK_RUN.fullmatch(text):
        return True
    inner = text.strip(_BRACKETS)
    return inner != text and inner.strip().lower() in _MASK_TEXTS


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            name = str(key)[:_MOST_NAME_CHARS]
            yield from _texts(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(inner, f"{place}[{index}]")
