"""Policies as people read them: settings by their titles, without secrets, and what a change does.

Example of a setting, with a line for each entry of its list:

    Rate limits: Maximum requests: 10, Time period in milliseconds: 60000
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from control_plane.management.masked_secrets import MASK
from control_plane.management.policy_secrets import masked_policy
from control_plane.management.policy_types import Schema
from control_plane.pages.policies.draft import Draft
from control_plane.pages.policies.schemas import kind_of, properties_of

SCOPE: Final = "Scope"


def changes(draft: Draft) -> tuple[dict[str, str], dict[str, str]]:
    """What a draft changes: settings by their titles, before and after."""
    configuration = draft.configuration()
    before = described(draft, draft.stored, draft.scope)
    after = described(draft, configuration, draft.pointcut())
    for name, value in configuration.items():
        title = _title(draft, name)
        if value != draft.stored.get(name) and after[title] == before.get(title):
            after[title] = f"{MASK} (a new value)"
    both = [title for title in before if title in after]
    for title in both:
        before[title], after[title] = _different_lines(before[title], after[title])
    return _with_text(before), _with_text(after)


def _different_lines(before: str, after: str) -> tuple[str, str]:
    """The lines that only one of two texts has; all of them if only their order differs."""
    if before == after:
        return "", ""
    old, new = before.split("\n"), after.split("\n")
    gone, added = (
        [line for line in old if line not in new],
        [line for line in new if line not in old],
    )
    return ("\n".join(gone), "\n".join(added)) if gone or added else (before, after)


def _with_text(values: Mapping[str, str]) -> dict[str, str]:
    return {title: text for title, text in values.items() if text}


def described(
    draft: Draft, configuration: Mapping[str, Any], pointcut: Sequence[Mapping[str, str]] | None
) -> dict[str, str]:
    """A policy's settings by their titles, and its scope."""
    masked = masked_policy(draft.asset_id, configuration)
    known = properties_of(draft.schema or {})
    found = {_title(draft, name): _text(known.get(name), value) for name, value in masked.items()}
    return found | {SCOPE: scope_text(pointcut)}


def _title(draft: Draft, name: str) -> str:
    inner = properties_of(draft.schema or {}).get(name)
    return name if inner is None else str(inner.get("title", name))


def _text(schema: Schema | None, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and schema is not None and kind_of(schema) in ("rows", "lines"):
        return "\n".join(_text(schema["items"], item) for item in value) or "none"
    if isinstance(value, Mapping) and schema is not None and kind_of(schema) == "group":
        return ", ".join(
            f"{_name(schema, name)}: {_on_one_line(_text(properties_of(schema).get(name), inner))}"
            for name, inner in value.items()
        )
    if isinstance(value, str):
        return value or "empty"
    return json.dumps(value, ensure_ascii=False)


def _name(schema: Schema, name: str) -> str:
    return str(properties_of(schema).get(name, {}).get("title", name))


def _on_one_line(text: str) -> str:
    return f"({'; '.join(text.split(chr(10)))})" if "\n" in text or ": " in text else text


def scope_text(pointcut: Sequence[Mapping[str, str]] | None) -> str:
    """A scope, with a line for each pointcut."""
    if not pointcut:
        return "all requests"
    return "\n".join(
        f"{each.get('methodRegex') or '.*'} {each.get('uriTemplateRegex') or '.*'}"
        for each in pointcut
    )
