"""What Envoy does to headers before the Check, in each form that it can be written in."""

from typing import Any

import pytest

from adapter.doctor.checks.header_mutations import removes
from tests.unit.doctor.configurations import EXTENSIONS, Parts


@pytest.mark.parametrize(
    ("mutation", "expected"),
    [
        ({"remove": "X-Adapter-Api-Id"}, True),
        ({"remove": "x-adapter"}, False),
        ({"append": {}}, False),
        ({"remove_on_match": {"key_matcher": {}}}, False),
        ({"remove_on_match": {"key_matcher": {"exact": "x-adapter-api-id"}}}, True),
        ({"remove_on_match": {"key_matcher": {"exact": "x-adapter"}}}, False),
        ({"remove_on_match": {"key_matcher": {"prefix": "x-adapter-"}}}, True),
        ({"remove_on_match": {"key_matcher": {"prefix": "X-Adapter-"}}}, False),
        ({"remove_on_match": {"key_matcher": {"prefix": "X-Adapter-", "ignore_case": True}}}, True),
        ({"remove_on_match": {"key_matcher": {"suffix": "-id"}}}, True),
        ({"remove_on_match": {"key_matcher": {"contains": "adapter"}}}, True),
        ({"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "x-adapter"}}}}, False),
        ({"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "x.adapter.*"}}}}, True),
        ({"remove_on_match": {"key_matcher": {"safe_regex": {"regex": "("}}}}, False),
    ],
)
def test_what_a_mutation_removes(mutation: dict[str, Any], *, expected: bool) -> None:
    """Envoy compares names in lower case, and a pattern with the whole name."""
    assert removes(mutation, "x-adapter-api-id") is expected


def test_mutations_before_all_filters() -> None:
    """The connection manager can do the same, before any filter runs."""
    parts = Parts()
    early = {
        "@type": f"{EXTENSIONS}http.early_header_mutation.header_mutation.v3.HeaderMutation",
        "mutations": parts.mutations,
    }
    del parts.filters[0]
    assert {f.code for f in parts.findings()} == {"address_not_overwritten", "identity_headers"}
    parts.manager["early_header_mutation_extensions"] = [{"typed_config": early}]
    assert parts.findings() == []


def test_names_with_underscores_need_no_mutation_if_envoy_refuses_them() -> None:
    """The rest of the prefix still does."""
    parts = Parts()
    parts.mutations[0]["remove_on_match"]["key_matcher"] = {"prefix": "x-adapter-"}
    (finding,) = parts.findings()
    assert (finding.code, finding.detail) == (
        "identity_headers",
        "x_adapter_client_id, x_adapter_any_name",
    )
    action = {"headers_with_underscores_action": "DROP_HEADER"}
    parts.manager["common_http_protocol_options"] = action
    assert [finding.code for finding in parts.findings()] == ["underscores"]
