"""JSON Schemas of policy configurations."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from adapter.policy.compile import POLICY_TYPES
from adapter.policy.policies.shared.configuration import Configuration
from adapter.policy.policy_schemas import CONFIGURATIONS, policy_schemas


@cache
def schemas() -> Mapping[str, Any]:
    """All schemas, made once, because that takes pydantic a tenth of a second."""
    return policy_schemas()


def test_every_policy_type_has_a_schema() -> None:
    """A new type cannot be forgotten."""
    assert schemas().keys() == POLICY_TYPES.keys()


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_a_schema_has_the_names_of_the_platform(policy_type: str) -> None:
    """Each key of the configuration is a property, and no other key is allowed."""
    schema = schemas()[policy_type]
    aliases = {field.alias for field in CONFIGURATIONS[policy_type].model_fields.values()}
    assert set(schema.get("properties", {})) == aliases
    assert schema["additionalProperties"] is False


def properties_in(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """All settings of a policy type, those of nested objects too."""
    for document in (schema, *schema.get("$defs", {}).values()):
        yield from document["properties"].items()


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_a_form_can_be_made_from_a_schema(policy_type: str) -> None:
    """Each setting has a title and a help text, and is required or has a default."""
    schema = schemas()[policy_type]
    for name, shown in properties_in(schema):
        assert shown["title"][0].isupper(), name
        assert len(shown["description"]) > 10, name
        assert "\n" not in shown["description"], name
        assert "$ref" not in shown or shown.keys() > {"$ref"}, name
    for document in (schema, *schema.get("$defs", {}).values()):
        assert document["title"]
        assert document["description"].endswith(".")
        for name, shown in document["properties"].items():
            assert "default" in shown or name in document["required"], name


def test_titles_are_written_as_people_write_them() -> None:
    """Names of the platform are one word, and abbreviations are in capitals."""
    assert schemas()["rate-limiting-sla-based"]["title"] == "Rate limiting SLA based"
    assert schemas()["jwt-validation"]["properties"]["jwksUrl"]["title"] == "JWKS URL"
    ldap = schemas()["ldap-authentication"]["properties"]
    assert ldap["ldapServerURL"]["title"] == "LDAP server URL"


def test_settings_come_in_the_order_of_a_form() -> None:
    """What belongs together is together, the most important first."""
    assert list(schemas()["rate-limiting"]["properties"])[:2] == [
        "rateLimits",
        "keySelector",
    ]


def test_bounds_choices_and_patterns_are_in_the_schema() -> None:
    """A form can refuse what the policy would refuse."""
    limit = schemas()["rate-limiting"]["$defs"]["Limit"]["properties"]["maximumRequests"]
    assert (limit["minimum"], limit["maximum"]) == (1, 2**53)
    method = schemas()["cors"]["$defs"]["AllowedMethod"]["properties"]["methodName"]
    assert re.search(method["pattern"], "GET")
    assert not re.search(method["pattern"], "GET,POST")
    assert method["errorMessage"] == "must be one method, such as GET, or * for all"
    level = schemas()["message-logging"]["$defs"]["MessageItem"]["properties"]["level"]
    assert level["enum"] == ["DEBUG", "INFO", "WARN", "ERROR"]


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_examples_and_defaults_are_good(policy_type: str) -> None:
    """What a form suggests is accepted."""
    model = CONFIGURATIONS[policy_type]
    for name, shown in properties_in(schemas()[policy_type]):
        for example in shown.get("examples", ()):
            assert _faults(model, name, example) == [], (name, example)


def _faults(model: type[Configuration], name: str, value: Any) -> list[str]:
    """What the model says about this setting alone."""
    try:
        model.model_validate({name: value})
    except ValidationError as error:
        kinds = [e for e in error.errors() if e["loc"][:1] == (name,)]
        return [e["msg"] for e in kinds if e["type"] not in ("extra_forbidden", "value_error")]
    return []


@pytest.mark.parametrize(
    ("policy_type", "secret"),
    [
        ("credential-injection-basic-auth", "password"),
        ("http-basic-authentication", "password"),
        ("jwt-validation", "textKey"),
        ("ldap-authentication", "ldapServerUserPassword"),
        ("oauth2-token-introspection", "authorizationValue"),
    ],
)
def test_secrets_are_marked(policy_type: str, secret: str) -> None:
    """So that a form hides them."""
    assert '"password"' in json.dumps(schemas()[policy_type]["properties"][secret])


def test_the_command_prints_all_schemas_or_one() -> None:
    """As JSON."""
    command = (sys.executable, "-m", "adapter", "policy-schemas")
    everything = subprocess.run(command, check=True, capture_output=True)
    assert json.loads(everything.stdout) == schemas()
    one = subprocess.run([*command, "cors"], check=True, capture_output=True)
    assert json.loads(one.stdout) == schemas()["cors"]
    unknown = subprocess.run([*command, "Cors"], check=False, capture_output=True, text=True)
    assert unknown.returncode == 2
    assert "unknown policy type 'Cors'; known types: access-block, " in unknown.stderr
