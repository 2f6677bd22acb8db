"""Forms made from the schemas of all policy types: what they show, and what they store."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.management.policy_checks.schema_check import check_by_schema, policy_schemas
from control_plane.pages.policies.form_values import (
    fields_of,
    value_of,
)
from control_plane.pages.policies.schema_form import (
    Rows,
    Setting,
    part_of,
    settings_of,
)
from control_plane.pages.policies.schemas import Schema, expanded, kind_of

PATH = "configurationData"
SCHEMAS: Mapping[str, Schema] = {
    name: expanded(schema) for name, schema in policy_schemas().items()
}


def values(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that the schema allows."""
    kind = kind_of(schema)
    if kind == "group":
        properties = {name: values(inner) for name, inner in schema.get("properties", {}).items()}
        required = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: inner for name, inner in properties.items() if name in required},
            optional={name: inner for name, inner in properties.items() if name not in required},
        )
    if kind in ("rows", "lines"):
        return st.lists(values(schema["items"]), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "tick":
        return st.booleans()
    if kind == "choice":
        return st.sampled_from(schema["enum"])
    if kind == "number":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if "pattern" in schema:
        return st.sampled_from(["x-request-id", "GET"])
    names = st.sampled_from(["Authorization", "x-api-key", "https://ann:pass@example.com/"])
    texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20) | names
    lines = st.sampled_from(["two\nlines", " blanks ", "", "\r\n", "true", "1"])
    return (texts | lines).filter(lambda text: len(text) >= schema.get("minLength", 0))


@st.composite
def configurations(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    """A policy type and a configuration that fits its schema."""
    name = draw(st.sampled_from(sorted(SCHEMAS)))
    configuration: dict[str, Any] = draw(values(SCHEMAS[name]))
    assert check_by_schema(name, configuration, None)["faults"] == []
    return name, configuration


def secrets_in(schema: Schema, value: Any) -> set[str]:
    """The secrets of a configuration."""
    if kind_of(schema) == "secret":
        return {value} - {""}
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return set().union(*(secrets_in(properties[name], value[name]) for name in value))
    return set()


def sent(name: str, fields: Mapping[str, str], stored: Any) -> dict[str, str]:
    """What a browser sends of the form for these fields: all that it shows."""
    part = part_of(PATH, SCHEMAS[name], fields, stored)
    found = {each.path: each.text for each in settings_of(part) if each.kind != "tick" or each.text}
    return found | origins(part)


def origins(part: Any) -> dict[str, str]:
    """The hidden fields of the rows."""
    if isinstance(part, Setting):
        return {}
    found: dict[str, str] = {}
    if isinstance(part, Rows):
        found = {row.path: row.origin for row in part.rows}
        inner = [each for row in part.rows for each in row.parts]
    else:
        inner = list(part.parts)
    for each in inner:
        found |= origins(each)
    return found


@given(configurations())
@settings(deadline=None)
def test_a_form_that_nobody_touches_changes_nothing(example: tuple[str, dict[str, Any]]) -> None:
    """Numbers, texts, defaults and secrets stay as they are stored."""
    name, stored = example
    fields = sent(name, fields_of(PATH, SCHEMAS[name], stored, stored), stored)
    assert value_of(PATH, SCHEMAS[name], fields, stored) == stored


@given(configurations())
@settings(deadline=None)
def test_no_stored_secret_is_in_a_form(example: tuple[str, dict[str, Any]]) -> None:
    """An empty field stands for it."""
    name, stored = example
    fields = fields_of(PATH, SCHEMAS[name], stored, stored)
    secret = {
        path: text
        for path, text in sent(name, fields, stored).items()
        if text and text in secrets_in(SCHEMAS[name], stored) and path in _secret_paths(name)
    }
    assert secret == {}


def _secret_paths(name: str) -> set[str]:
    part = part_of(PATH, SCHEMAS[name], {}, {})
    return {each.path for each in settings_of(part) if each.kind == "secret"}


@given(configurations())
@settings(deadline=None)
def test_what_a_form_makes_it_shows_again(example: tuple[str, dict[str, Any]]) -> None:
    """For a new policy: the configuration of a form makes the same form."""
    name, wanted = example
    fields = sent(name, fields_of(PATH, SCHEMAS[name], wanted, {}), {})
    made = value_of(PATH, SCHEMAS[name], fields, {})
    again = sent(name, fields_of(PATH, SCHEMAS[name], made, {}), {})
    assert value_of(PATH, SCHEMAS[name], again, {}) == made
