"""What is wrong with a request, in one line that names the fields and repeats no values."""

from collections.abc import Iterable, Mapping
from typing import Any

_MAX_NAMED = 20


def field_errors(errors: Iterable[Mapping[str, Any]]) -> str:
    """All errors of pydantic or FastAPI, such as `limits.0.visible: Field required`."""
    lines = [f"{_place(error['loc'])}: {error['msg']}" for error in errors]
    more = len(lines) - _MAX_NAMED
    return "; ".join(lines[:_MAX_NAMED] + ([f"and {more} more"] if more > 0 else []))


def _place(location: Iterable[str | int]) -> str:
    parts = [str(part) for part in location]
    if parts and parts[0] in ("body", "query", "path", "header"):
        parts = parts[1:] or parts
    return ".".join(parts) or "value"
