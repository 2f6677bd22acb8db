"""Forms made from the schemas of all policy types: what they show, and what they store."""

from collections.abc import Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from control_plane.management.policy_checks.schema_check import check_by_schema, policy_schemas
from control_plane.management.policy_types import Schema, expanded
from control_plane.pages.policies.form_values import (
    fields_of,
    row_numbers,
    value_of,
    with_row,
    without_row,
)
from control_plane.pages.policies.schema_form import (
    Rows,
    Setting,
    errors_at,
    labels_of,
    part_of,
    rows_of,
    settings_of,
)
from control_plane.pages.policies.schemas import kind_of

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


def test_errors_are_at_the_nearest_place_of_the_form() -> None:
    """A line of a field, a setting that the form does not have, and the whole."""
    part = part_of(PATH, SCHEMAS["ip-allowlist"], {}, {})
    faults = [
        (f"{PATH}.ips.2", "is no address"),
        (f"{PATH}.ips", "must not be empty"),
        (f"{PATH}.ipz", "this setting is not supported; did you mean ips?"),
        ("assetId", "is not a policy type"),
    ]
    assert errors_at(part, faults) == {
        f"{PATH}.ips": "Line 3: is no address. Must not be empty.",
        PATH: "ipz: this setting is not supported; did you mean ips?",
        "": "assetId: is not a policy type.",
    }


def test_labels_name_the_rows() -> None:
    """So that a list of errors tells them apart."""
    fields = with_row(f"{PATH}.rateLimits", SCHEMAS["rate-limiting"], {})
    labels = labels_of(part_of(PATH, SCHEMAS["rate-limiting"], fields, {}))
    assert labels[f"{PATH}.rateLimits.0.maximumRequests"] == "Limit 1: Maximum requests"


def test_a_new_row_has_defaults_and_a_removed_one_is_gone() -> None:
    """Numbers of other rows stay, until the form is shown again."""
    schema = SCHEMAS["message-logging"]
    rows = f"{PATH}.loggingConfiguration"
    fields = with_row(rows, schema, with_row(rows, schema, {}))
    assert fields[f"{rows}.1.itemData.firstSection"] == "true"
    fields = without_row(f"{rows}.0", fields)
    assert row_numbers(rows, fields) == [1]
    part = part_of(PATH, schema, fields, {})
    assert [each.path for each in rows_of(part)] == [rows]
    assert f"{rows}.0.itemData.message" in [each.path for each in settings_of(part)]


def test_there_are_no_rows_where_no_list_is() -> None:
    """Whatever a hostile form names."""
    for path in ("", ".", PATH, f"{PATH}.x.y", f"{PATH}.rateLimits.0", f"{PATH}.keySelector.0"):
        assert with_row(path, SCHEMAS["rate-limiting"], {"a": "b"}) == {"a": "b"}


def test_stored_values_of_another_kind_are_kept() -> None:
    """Such as they came from another platform: numbers as texts, null, unknown settings."""
    stored: dict[str, Any] = {
        "rateLimits": [{"maximumRequests": "100", "timePeriodInMilliseconds": 1000}, None],
        "keySelector": None,
        "exposeHeaders": "TRUE",
        "extra": {},
    }
    schema = SCHEMAS["rate-limiting"]
    fields = sent("rate-limiting", fields_of(PATH, schema, stored, stored), stored)
    kept = value_of(PATH, schema, fields, stored)
    assert kept == {**stored, "rateLimits": [stored["rateLimits"][0], {}]}
