"""Fields of an introspection answer as request headers for the upstream."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.policy.evaluation import Evaluation
from adapter.policy.expression.values import EvaluationFault, from_json, to_text
from adapter.policy.policies.shared.header_values import is_fit_for_a_header
from adapter.policy.request.header_spelling import dashed
from adapter.policy.verdicts import Header

PREFIX: Final = "x-agw-"

_NEVER: Final = frozenset({"scope", "exp"})
_UNFIT: Final = re.compile(r"[^a-z0-9_-]")
_MOST_NAME_CHARS: Final = 100
_MOST_VALUE_CHARS: Final = 4_096


def exposed_headers(claims: Mapping[str, Any]) -> tuple[Header, ...]:
    """A header for each text, number and boolean, except `scope` and `exp`.

    Names become lower-case, with hyphens for characters that many servers do not read. Fields that
    servers would read as the same header are left out, and so are values that cannot be a header.
    """
    headers = tuple(_headers(claims))
    times = Counter(dashed(name) for name, _ in headers)
    return tuple(header for header in headers if times[dashed(header[0])] == 1)


def forged_headers(evaluation: Evaluation) -> tuple[str, ...]:
    """The names of all request headers that servers could read as a header of this kind."""
    names = evaluation.header_names()
    return tuple([name for name in names if dashed(name[: len(PREFIX)]) == PREFIX])


def _headers(claims: Mapping[str, Any]) -> Iterator[Header]:
    for field, value in claims.items():
        name = _UNFIT.sub("-", field.lower())
        if field in _NEVER or not name.strip("-_") or len(name) > _MOST_NAME_CHARS:
            continue
        text = _text(value)
        if text is not None and len(text) <= _MOST_VALUE_CHARS and is_fit_for_a_header(text):
            yield f"{PREFIX}{name}", text


def _text(value: object) -> str | None:
    """The value as text; None for null, arrays, objects and numbers that are too large."""
    if isinstance(value, list | dict):
        return None
    try:
        return to_text(from_json(value))
    except EvaluationFault:
        return None
