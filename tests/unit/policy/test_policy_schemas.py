"""JSON Schemas of policy configurations."""

import json
import subprocess
import sys

import pytest

from adapter.policy.compile import POLICY_TYPES
from adapter.policy.policy_schemas import CONFIGURATIONS, policy_schemas


def test_every_policy_type_has_a_schema() -> None:
    """A new type cannot be forgotten."""
    assert policy_schemas().keys() == POLICY_TYPES.keys()


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_a_schema_has_the_names_of_the_platform(policy_type: str) -> None:
    """Each key of the configuration is a property, and no other key is allowed."""
    schema = policy_schemas()[policy_type]
    aliases = {field.alias for field in CONFIGURATIONS[policy_type].model_fields.values()}
    assert set(schema.get("properties", {})) == aliases
    assert schema["additionalProperties"] is False


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
    assert '"password"' in json.dumps(policy_schemas()[policy_type]["properties"][secret])


def test_the_command_prints_all_schemas_or_one() -> None:
    """As JSON."""
    command = (sys.executable, "-m", "adapter", "policy-schemas")
    everything = subprocess.run(command, check=True, capture_output=True)
    assert json.loads(everything.stdout) == policy_schemas()
    one = subprocess.run([*command, "cors"], check=True, capture_output=True)
    assert json.loads(one.stdout) == policy_schemas()["cors"]
    unknown = subprocess.run([*command, "Cors"], check=False, capture_output=True, text=True)
    assert unknown.returncode == 2
    assert "unknown policy type 'Cors'; known types: access-block, " in unknown.stderr
