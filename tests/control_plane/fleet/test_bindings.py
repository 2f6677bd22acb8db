"""The texts to copy that bind a discovered service to an API instance."""

import shlex

import pytest
import yaml

from control_plane.pages.fleet.bindings import bindings_of, plain_host
from control_plane.store.tables import ApiInstance, DiscoveredService


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("Orders.Test.:8443", "orders.test"),
        ("10.0.0.1:80", "10.0.0.1"),
        ("a b", ""),
        ("-a", ""),
        ("[::1]:80", ""),
        ("x@y", ""),
        ("$(id)", ""),
        ("", ""),
    ],
)
def test_only_plain_hosts_are_bound(host: str, plain: str) -> None:
    """Without the port, which bindings ignore."""
    assert plain_host(host) == plain


@pytest.mark.parametrize("route", ["r", "no", "a: b", "#x", "'", '"', "[1]", "ä", "7"])
def test_what_is_copied_has_one_meaning(route: str) -> None:
    """YAML reads the same name, whatever it contains; a shell reads one argument."""
    service = DiscoveredService(host="orders.test", route=route)
    texts = [snippet.text for snippet in bindings_of(service, ApiInstance(id=7))]
    (binding,) = yaml.safe_load(texts[1])["requests"]["bindings"]
    assert binding == {"api_id": 7, "route_name": route}
    assert yaml.safe_load(texts[2])["requests"]["bindings"][0]["authority"] == "orders.test"
    assert shlex.split(texts[3]) == ["--api", "7@orders.test=http://SERVICE_HOST:PORT"]


def test_a_service_without_names_has_two_ways() -> None:
    """The route in Envoy, and a new configuration."""
    service = DiscoveredService(host="", route="")
    assert len(bindings_of(service, ApiInstance(id=7))) == 2
