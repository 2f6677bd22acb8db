"""What envoy-config writes has nothing that the doctor complains about."""

from pathlib import Path
from typing import Any

import pytest

from adapter.doctor import KnownBinding, Severity, examine, read_file
from adapter.envoy_config import AdapterTls, ApiRoute, ListenerTls, render
from adapter.envoy_config.resource_files import render_files
from support.defaults import envoy_config
from tests.unit.doctor.configurations import ADAPTERS, ROUTES, Parts, known

TLS = AdapterTls("ca.pem", "envoy.pem", "envoy.key")
SETTINGS = {"has_settings": True, "drain_s": 2.5, "token": "between-us"}
VARIANTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("one API", {"apis": (ApiRoute("1", "127.0.0.1:8000"),)}, {}),
    ("one prefix", {"apis": (ApiRoute("1", "127.0.0.1:8000", path_prefix="/a"),)}, {}),
    ("gRPC", {"apis": (ApiRoute("1", "127.0.0.1:8000", grpc=True),)}, {}),
    ("TLS to a service", {"apis": (ApiRoute("1", "a.test:443", tls=True),)}, {}),
    (
        "another path at the service",
        {"apis": (ApiRoute("1", "a.test:80", path_prefix="/a", upstream_prefix="/b"),)},
        {},
    ),
    ("unix sockets", {"adapters": ("unix:/run/a.sock", "unix-abstract:b")}, {}),
    ("names", {"adapters": ("adapter-1:9001", "adapter-2:9001")}, {}),
    ("one adapter", {"adapters": ("127.0.0.1:9001",)}, {}),
    ("TLS to adapters", {"adapter_tls": TLS}, {"serves_tls": True, "asks_for_certificate": True}),
    ("TLS for clients", {"listener_tls": ListenerTls("a.pem", "a.key")}, {}),
    ("mutual TLS", {"listener_tls": ListenerTls("a.pem", "a.key", "ca.pem")}, {}),
    ("trusted hops", {"trusted_hops": 2}, {"forwarded_for_position": 3}),
    ("another prefix", {"header_prefix": "x-acme-"}, {"header_prefix": "x-acme-"}),
    ("an access log", {"access_log": "/dev/stdout"}, {}),
    ("a token with a percent sign", {"token": "a%b"}, {"token": "a%b"}),
    (
        "another address header",
        {"client_address_header": "X-Real"},
        {"address_header": "x-real", "trusts_address_header": True},
    ),
]


@pytest.mark.parametrize(
    ("changes", "adapter"), [v[1:] for v in VARIANTS], ids=[v[0] for v in VARIANTS]
)
def test_it_is_clean(changes: dict[str, Any], adapter: dict[str, Any]) -> None:
    """No error and no warning, with and without the settings."""
    options = {"apis": ROUTES, "adapters": ADAPTERS, "token": "between-us"} | changes
    parts = Parts(render(envoy_config(**options)))
    for facts in (known(**adapter), known(**(SETTINGS | adapter))):
        found = parts.findings(facts)
        assert [f for f in found if f.severity is not Severity.NOTE] == []


def test_files_that_envoy_reloads_are_clean(tmp_path: Path) -> None:
    """What `envoy-config --output-dir` writes."""
    for name, text in render_files(envoy_config(ROUTES, ADAPTERS), tmp_path, {}).items():
        (tmp_path / name).write_text(text)
    assert examine(read_file(tmp_path / "envoy.yaml"), known()) == []


@pytest.mark.parametrize(("by_destination", "complains"), [(True, False), (False, True)])
def test_routes_may_be_bound_by_their_destination(by_destination: bool, complains: bool) -> None:
    """At a sidecar no route names an API."""
    parts = Parts(render(envoy_config(ROUTES, ADAPTERS)))
    for extensions in parts.every_extensions():
        extensions.pop("api_id")
    adapter = known(bindings=(KnownBinding(by_destination=by_destination),))
    codes = {finding.code for finding in parts.findings(adapter)}
    assert ("api_id_missing" in codes) is complains
