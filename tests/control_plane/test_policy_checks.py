"""How the control plane finds what it checks policies with."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapter.policy.compile import POLICY_TYPES
from adapter.policy.policy_check import check
from adapter.policy.policy_schemas import policy_schemas as schemas_of_the_adapter
from control_plane.cli.serve import warn_of_incomplete_checks
from control_plane.errors import Invalid
from control_plane.management.policy_checks.checks import PolicyChecks
from control_plane.management.policy_checks.gateway_check import gateway_check
from control_plane.management.policy_checks.schema_check import check_by_schema, policy_schemas
from control_plane.spelling import did_you_mean
from tests.control_plane.conftest import Platform

KEYWORDS = {
    *("$defs", "$ref", "$schema", "additionalProperties", "default", "description"),
    *("enum", "errorMessage", "examples", "format", "items", "maxItems", "maxLength", "maximum"),
    *("minItems", "minLength", "minimum", "pattern", "properties", "required", "title", "type"),
    "writeOnly",
}
"""What `schema_check` knows, or may pass over."""


def test_the_schemas_are_those_of_the_adapter() -> None:
    """Also in the order of the fields, which forms use. If it fails: `make policy-schemas`."""
    assert json.dumps(policy_schemas()) == json.dumps(schemas_of_the_adapter())


def keywords_in(schema: dict[str, Any]) -> Iterator[str]:
    """The keywords of a schema and its parts."""
    yield from schema
    for part in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values()):
        yield from keywords_in(part)
    if "items" in schema:
        yield from keywords_in(schema["items"])


@pytest.mark.parametrize("policy_type", sorted(POLICY_TYPES))
def test_the_schemas_use_keywords_that_the_check_knows(policy_type: str) -> None:
    """A new keyword would be passed over, so the check must learn it first."""
    assert set(keywords_in(policy_schemas()[policy_type])) <= KEYWORDS


@pytest.mark.parametrize(
    "configuration",
    [
        {"rateLimits": [{"maximumRequests": "5", "timePeriodInMilliseconds": 1000}]},
        {
            "rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}],
            "keySelector": None,
            "exposeHeaders": "TRUE",
            "newer": False,
            "other": None,
        },
    ],
)
def test_the_schemas_accept_what_gateways_accept(configuration: dict[str, Any]) -> None:
    """Numbers and booleans as text, null for defaults, and unknown settings that are off."""
    assert check_by_schema("rate-limiting", configuration, None)["faults"] == []
    assert check("rate-limiting", configuration, None)["faults"] == []


@pytest.mark.parametrize(
    ("policy_type", "configuration", "field", "told"),
    [
        ("header-removal", {"inboundHeaders": ["x" * 1001]}, "inboundHeaders.0", "at most 1000"),
        ("header-removal", {"inboundHeaders": ["x"] * 101}, "inboundHeaders", "at most 100"),
        ("ip-blocklist", {"ips": []}, "ips", "must not be empty"),
        ("rate-limiting", [], "", "must be an object"),
    ],
)
def test_the_schemas_know_bounds(
    policy_type: str, configuration: Any, field: str, told: str
) -> None:
    """Of texts and lists."""
    (fault,) = check_by_schema(policy_type, configuration, None)["faults"]
    assert fault["field"] == f"configurationData.{field}".rstrip(".")
    assert told in fault["message"]


def test_the_adapters_check_is_found_where_it_is_installed() -> None:
    """By its entry point."""
    assert gateway_check() is check
    assert gateway_check("no.such.group") is None


async def test_without_the_adapter_the_control_plane_says_so_at_the_start(
    platform: Platform,
) -> None:
    """And what to do about it."""
    with capture_logs() as logs:
        warn_of_incomplete_checks(platform.services.policy_checks)
        warn_of_incomplete_checks(PolicyChecks(check_by_schema, is_complete=False))
    (line,) = logs
    assert line["event"] == "control_plane.policies_checked_in_part"
    assert "install envoy-policy-adapter" in line["fix"]


def test_without_the_adapter_schemas_decide() -> None:
    """An expression is beyond them."""
    checks = PolicyChecks(check_by_schema, is_complete=False)
    policy = {"asset_id": "ip-blocklist", "configuration": {"ips": "::1"}}
    with pytest.raises(Invalid, match=r"configurationData\.ips: must be a list"):
        checks.require_valid(policy, allow_unknown=False)
    configuration = {"ips": ["::1"], "ipExpression": "#[nonsense"}
    checks.require_valid(policy | {"configuration": configuration}, allow_unknown=False)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Asset_ID", "did you mean assetId?"),
        ("asset", "did you mean assetId?"),
        ("i", ""),
        ("version", "did you mean assetVersion?"),
        ("x", ""),
        ("x" * 100_000, ""),
    ],
)
def test_a_name_is_recognised(name: str, meant: str) -> None:
    """Whatever its case and hyphens are, and by a part that only one name has."""
    assert did_you_mean(name, ["assetId", "assetVersion", "groupId"]) == meant
