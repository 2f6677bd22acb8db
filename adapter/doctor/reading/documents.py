"""Parses JSON and YAML of unknown origin, bounded in bytes, nesting and nodes.

Envoy reads field names in both forms of protobuf's JSON: `http_filters` and `httpFilters`. Parsed
documents have the first form only, so that checks look for one name.
"""

import json
import re
from pathlib import Path
from typing import Any, Final

import yaml

from adapter.errors import ConfigurationError

MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_NODES: Final = 2_000_000
_DEEPEST: Final = 100
_CAMEL = re.compile(r"[a-z0-9]+(?:[A-Z][a-z0-9]*)+")
_HUMP = re.compile(r"([A-Z])")
# Their keys are names chosen by users, not fields.
_MAPS: Final = frozenset(
    {"context_extensions", "typed_per_filter_config", "typed_extension_protocol_options"}
    | {"filter_metadata", "metadata", "json_format", "providers", "requirement_map"}
)


def read_document(file: Path, what: str) -> Any:
    """The content of a YAML or JSON file. Raises ConfigurationError, which names `what`."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as e:
        raise ConfigurationError(f"{what}: cannot read {file}: {e.strerror}") from None
    if len(content) > MOST_BYTES:
        raise ConfigurationError(f"{what}: {file} is longer than {MOST_BYTES >> 20} MiB")
    if content.lstrip()[:1] in {b"{", b"["}:
        try:
            return parse_json(content, str(file))
        except ConfigurationError:
            pass  # YAML also has this form, with fewer quotes.
    return _parse_yaml(content, f"{what}: {file}")


def parse_json(content: bytes, what: str) -> Any:
    """The parsed JSON. Raises ConfigurationError, which names `what`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as e:
        raise ConfigurationError(f"{what} is not JSON: {_reason(e)}") from None
    return _with_one_form_of_names(document, what)


def _parse_yaml(content: bytes, what: str) -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(content, loader)  # noqa: S506 - both loaders are safe ones
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise ConfigurationError(f"{what} is neither YAML nor JSON: {_reason(e)}") from None
    return _with_one_form_of_names(document, what)


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "too deeply nested"
    mark = getattr(error, "problem_mark", None)
    # Without the line itself, because it may contain a secret.
    if mark is not None:
        return f"line {mark.line + 1}: {getattr(error, 'problem', None) or 'it cannot be read'}"
    return str(error) if isinstance(error, json.JSONDecodeError) else "it cannot be read"


def _with_one_form_of_names(document: Any, what: str) -> Any:
    nodes = 0

    def renamed(value: Any, depth: int, *, is_map: bool = False) -> Any:
        nonlocal nodes
        nodes += 1
        # YAML's aliases can make a short file very large.
        if nodes > _MOST_NODES or depth > _DEEPEST:
            raise ConfigurationError(f"{what} has too many or too deeply nested values")
        if isinstance(value, dict):
            named = {str(k) if is_map else _snake(str(k)): v for k, v in value.items()}
            return {k: renamed(v, depth + 1, is_map=k in _MAPS) for k, v in named.items()}
        if isinstance(value, list):
            return [renamed(item, depth + 1) for item in value]
        return value

    return renamed(document, 0)


def _snake(name: str) -> str:
    return _HUMP.sub(r"_\1", name).lower() if _CAMEL.fullmatch(name) else name
