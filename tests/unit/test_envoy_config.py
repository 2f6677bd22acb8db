"""The Envoy configuration that we print; that Envoy runs it is shown in tests/e2e."""

from dataclasses import replace
from typing import Any

import pytest
import yaml

from adapter.envoy_config import AdapterTls, ApiRoute, api_of_route, render
from adapter.errors import ConfigurationError
from support.defaults import envoy_config

CONFIG = envoy_config((ApiRoute("1", "127.0.0.1:8080"),), ("unix:/run/adapter.sock",))


def test_token_is_secret() -> None:
    """The token is in the configuration, and in no repr that a log could show."""
    config = replace(CONFIG, token="shared-secret")
    assert render(config).count("shared-secret") == 2
    assert "shared-secret" not in repr(config)
    assert "initial_metadata" not in render(CONFIG)


def test_longest_path_first() -> None:
    """Envoy takes the first route that matches, so the most specific one comes first."""
    routes = tuple(
        ApiRoute(api_id, "127.0.0.1:8080", ("a.test",), path)
        for api_id, path in (("1", "/"), ("2", "/pay"), ("3", "/pay/cards/"))
    )
    hosts = _find(yaml.safe_load(render(replace(CONFIG, apis=routes))), "virtual_hosts")
    assert [route["name"] for route in hosts[0]["routes"]] == ["api-3", "api-2", "api-1"]
    assert hosts[0]["routes"][0]["match"] == {"path_separated_prefix": "/pay/cards"}


def test_all_faults_at_once() -> None:
    """An operator sees everything that is wrong, each with its name."""
    config = envoy_config(
        apis=(
            ApiRoute("1", "upstream", path_prefix="pay"),
            ApiRoute("2", "127.0.0.1:8080"),
            ApiRoute("3", "127.0.0.1:8080", grpc=True),
            ApiRoute("4", "127.0.0.1:8082", ()),
        ),
        adapters=("adapter:9001", "unix:/run/adapter.sock"),
        listen="8080",
        admin="127.0.0.1:99999",
    )
    with pytest.raises(ConfigurationError) as raised:
        render(config)
    assert str(raised.value).splitlines() == [
        "listen: '8080' is not of the form host:port",
        "admin: '127.0.0.1:99999' has a port above 65535",
        "adapters: host names cannot be mixed with IP addresses or sockets; use one kind",
        "API 1: prefix 'pay' can be read in several ways: begin with /, and use no query, "
        "no ';', no '//', no dots as segments and no needless escapes",
        "API 4: name at least one domain, or * for all",
        "API 1: upstream 'upstream' is not of the form host:port",
        "upstream 127.0.0.1:8080: used for both http and grpc; use one",
        "APIs 2 and 3 have the same domain and path: */",
    ]


def test_nothing_to_serve() -> None:
    """A configuration without APIs or adapters is none."""
    with pytest.raises(ConfigurationError) as raised:
        render(envoy_config((), ()))
    assert str(raised.value).splitlines() == [
        "adapters: name at least one address",
        "apis: name at least one API",
    ]


def test_tls_needs_a_host_to_verify() -> None:
    """A certificate says nothing about a socket file."""
    with pytest.raises(ConfigurationError, match="a Unix socket does not need TLS"):
        render(replace(CONFIG, adapter_tls=AdapterTls("ca.pem")))


def _find(tree: Any, key: str) -> Any:
    """The value of the first such key, wherever it is."""
    if isinstance(tree, dict) and key in tree:
        return tree[key]
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return next((found for child in children if (found := _find(child, key)) is not None), None)


def test_a_route_names_its_api() -> None:
    """An access log entry without our metadata still tells whose request it was."""
    assert api_of_route(ApiRoute("7", "127.0.0.1:80").name) == "7"
    assert api_of_route("7") == ""


def test_routes_say_where_the_path_chooses_the_api() -> None:
    """All routes of a domain with a prefix, the one for everything else among them."""
    places = (("1", "a.test", "/"), ("2", "a.test", "/pay"), ("3", "b.test", "/"), ("4", "c", "/x"))
    routes = tuple(ApiRoute(i, "127.0.0.1:8080", (domain,), path) for i, domain, path in places)
    hosts = _find(yaml.safe_load(render(replace(CONFIG, apis=routes))), "virtual_hosts")
    extensions = [_find(route, "context_extensions") for host in hosts for route in host["routes"]]
    assert {e["api_id"] for e in extensions if e.get("api_chosen_by") == "path"} == {"1", "2", "4"}
    assert {e["client_address"] for e in extensions} == {"attested"}


def test_routes_say_where_the_host_chooses_the_api() -> None:
    """All routes, as soon as there is more than one domain."""
    places = (("1", ("a.test",)), ("2", ("*.test",)), ("3", ("*",)))
    routes = tuple(ApiRoute(i, "127.0.0.1:8080", domains) for i, domains in places)
    assert _chosen_by_host(routes) == {"1", "2", "3"}
    assert _chosen_by_host((ApiRoute("1", "127.0.0.1:8080", ("a.test", "b.test")),)) == {"1"}
    assert _chosen_by_host(routes[:1]) == set()


def _chosen_by_host(routes: tuple[ApiRoute, ...]) -> set[str]:
    hosts = _find(yaml.safe_load(render(replace(CONFIG, apis=routes))), "virtual_hosts")
    extensions = [_find(route, "context_extensions") for host in hosts for route in host["routes"]]
    return {e["api_id"] for e in extensions if e.get("api_chosen_by_host") == "true"}


def test_a_percent_sign_in_the_token_is_no_command() -> None:
    """Envoy would crash at the first request, because initial_metadata may contain %COMMANDS%."""
    written = yaml.safe_load(render(replace(CONFIG, token="100%REQ")))
    values = [m["value"] for m in _find(written, "initial_metadata")]
    assert values == ["100%%REQ"]
