"""docs/operations.md gives a reason for each line of what `envoy-config` writes."""

import re
from pathlib import Path

import yaml

from adapter.envoy_config import render
from adapter.envoy_config.notes import NOTES
from tests.unit.test_fragments import CONFIG

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
SECTION = PAGE.partition("## The recommended Envoy configuration")[2].partition("\n## ")[0]
ROWS = re.findall(r"^\| (`[^|]+) \| (.+) \|$", SECTION, re.MULTILINE)
EXPLAINED = {name for cell, _ in ROWS for name in re.findall(r"`([^`]+)`", cell)}
STRUCTURE = {
    *("node", "id", "cluster", "static_resources", "listeners", "clusters", "name", "type"),
    *("filter_chains", "filters", "typed_config", "@type", "stat_prefix", "http_filters"),
    *("address", "socket_address", "port_value", "load_assignment", "cluster_name", "endpoints"),
    *("lb_endpoints", "endpoint", "route_config", "virtual_hosts", "domains", "routes", "match"),
    *("prefix", "route", "typed_per_filter_config", "check_settings", "context_extensions"),
    *("access_log", "common_config", "transport_api_version", "grpc_service", "envoy_grpc"),
    *("mutations", "request_mutations", "header", "key", "value"),
}
"""Keys that only hold others, and names and addresses."""


def lines(tree: object) -> set[str]:
    """All keys, except those inside a line that is explained: the reason is about all of it."""
    if isinstance(tree, list):
        return set().union(*map(lines, tree))
    if not isinstance(tree, dict):
        return set()
    below = (lines(tree[key]) for key in tree if key not in EXPLAINED)
    return set(tree).union(*below)


def test_each_line_has_a_reason() -> None:
    """A line that nobody can explain is removed by the next one who cleans up."""
    without = lines(yaml.safe_load(render(CONFIG))) - STRUCTURE - EXPLAINED
    extensions = {key for key in without if key.startswith("envoy.")}
    assert without - extensions == set()


def test_the_page_says_what_the_comments_of_the_fragments_say() -> None:
    """Both come from `NOTES`."""
    told = {text.replace("\\*", "*") for _, text in ROWS}
    assert set(NOTES.values()) <= told
