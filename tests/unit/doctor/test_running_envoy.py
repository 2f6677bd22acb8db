"""The answers of an admin interface; a real one is asked in tests/e2e/test_doctor.py."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from adapter.doctor import Place, examine, read_admin
from adapter.errors import ConfigurationError
from tests.unit.doctor.configurations import Parts, known

LIVE_CODES = {
    *("adapter_unreachable", "endpoints_unhealthy", "envoy_version", "update_rejected"),
    *("requests_let_through", "checks_failed", "entries_dropped"),
}
"""What only a running Envoy can tell."""


class Admin:
    """An admin interface whose answers a test can change."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = answers(Parts())
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        admin = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = admin.answers.get(self.path.partition("?")[0])
                body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(404 if answer is None else 200)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        return Handler

    def codes(self) -> set[str]:
        """The codes of all findings."""
        return {finding.code for finding in examine(read_admin(self.url), known())}


def answers(parts: Parts) -> dict[str, Any]:
    """What an Envoy with this configuration answers."""
    static = parts.bootstrap["static_resources"]
    dumps = "type.googleapis.com/envoy.admin.v3."
    clusters = [{"cluster": cluster} for cluster in static["clusters"]]
    return {
        "/server_info": {"version": "abc/1.40.0/Clean/RELEASE", "command_line_options": {}},
        "/config_dump": {
            "configs": [
                {"@type": f"{dumps}BootstrapConfigDump", "bootstrap": {}},
                {"@type": f"{dumps}ClustersConfigDump", "static_clusters": clusters},
                {
                    "@type": f"{dumps}ListenersConfigDump",
                    "dynamic_listeners": [
                        {"name": "ingress", "active_state": {"listener": parts.listener}}
                    ],
                },
            ]
        },
        "/clusters": {
            "cluster_statuses": [
                {
                    "name": name,
                    "host_statuses": [
                        {"health_status": {"eds_health_status": "HEALTHY"}} for _ in range(2)
                    ],
                }
                for name in ("adapter", "adapter_als")
            ]
        },
        "/stats": {"stats": []},
    }


@pytest.fixture
def admin() -> Iterator[Admin]:
    """A running admin interface."""
    admin = Admin()
    thread = Thread(target=admin.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield admin
    admin.server.shutdown()
    admin.server.server_close()
    thread.join()


def test_a_good_envoy(admin: Admin) -> None:
    """Nothing is wrong."""
    assert admin.codes() == set()


@pytest.mark.parametrize("version", ["1.35.9", "1.41.0", "2.0.1"])
def test_a_version_that_was_never_tried(admin: Admin, version: str) -> None:
    """Older and newer ones."""
    admin.answers["/server_info"]["version"] = f"abc/{version}/Clean/RELEASE"
    assert admin.codes() == {"envoy_version"}


@pytest.mark.parametrize(
    ("failed", "code"), [((0,), "endpoints_unhealthy"), ((0, 1), "adapter_unreachable")]
)
def test_adapters_that_do_not_answer(admin: Admin, failed: tuple[int, ...], code: str) -> None:
    """One of two, and both."""
    hosts = admin.answers["/clusters"]["cluster_statuses"][0]["host_statuses"]
    for number in failed:
        hosts[number]["health_status"]["failed_active_health_check"] = True
    assert admin.codes() == {code}


@pytest.mark.parametrize(
    ("counter", "code"),
    [
        ("http.ingress.ext_authz.failure_mode_allowed", "requests_let_through"),
        ("http.ingress.ext_authz.error", "checks_failed"),
        ("access_logs.grpc_access_log.logs_dropped", "entries_dropped"),
    ],
)
def test_what_envoy_has_counted(admin: Admin, counter: str, code: str) -> None:
    """Counters since its start."""
    admin.answers["/stats"]["stats"] = [{"name": counter, "value": 7}, {"name": "a", "value": 0}]
    assert admin.codes() == {code}


def test_an_update_that_envoy_refused(admin: Admin) -> None:
    """The old configuration is still in force. Envoy lists a refused listener twice."""
    _, clusters, listeners = admin.answers["/config_dump"]["configs"]
    refused = {"details": "the token is between-us", "failed_configuration": {"name": "ingress"}}
    listeners["dynamic_listeners"][0]["error_state"] = refused
    listeners["dynamic_listeners"].append({"error_state": refused})
    clusters["static_clusters"][0]["error_state"] = refused
    found = examine(read_admin(admin.url), known())
    assert [finding.code for finding in found] == ["update_rejected"] * 2
    assert {f.place for f in found} == {Place(listener="ingress"), Place(cluster="adapter")}


def test_parts_that_are_discovered(admin: Admin) -> None:
    """Routes, endpoints and filters are found where the dump has them."""
    parts = Parts()
    routes = {**parts.manager.pop("route_config"), "name": "routes"}
    parts.manager["rds"] = {"route_config_name": "routes"}
    ext_authz = parts.filters[1]
    discovered = {
        "@type": "type.googleapis.com/envoy.config.core.v3.TypedExtensionConfig",
        "name": ext_authz["name"],
        "typed_config": ext_authz.pop("typed_config"),
    }
    ext_authz["config_discovery"] = {}
    parts.cluster["type"] = "EDS"
    endpoints = parts.cluster.pop("load_assignment")
    admin.answers |= answers(parts)
    dumps = "type.googleapis.com/envoy.admin.v3."
    admin.answers["/config_dump"]["configs"] += [
        {
            "@type": f"{dumps}RoutesConfigDump",
            "dynamic_route_configs": [{"route_config": routes}, {"route_config": {}}],
        },
        {
            "@type": f"{dumps}EndpointsConfigDump",
            "dynamic_endpoint_configs": [{"endpoint_config": endpoints}],
        },
        {"@type": f"{dumps}EcdsConfigDump", "ecds_filters": [{"ecds_filter": discovered}]},
        {"@type": f"{dumps}SecretsConfigDump"},
    ]
    assert admin.codes() == set()
    routes["virtual_hosts"][0]["routes"][0]["match"] = {"prefix": "/orders"}
    assert admin.codes() == {"prefix_without_slash"}


def test_routes_of_scopes(admin: Admin) -> None:
    """All route configurations that the scopes name are examined."""
    parts = Parts()
    routes = {**parts.manager.pop("route_config"), "name": "routes"}
    scopes = [{"name": "a", "route_configuration_name": "routes"}]
    parts.manager["scoped_routes"] = {
        "name": "scopes",
        "scoped_route_configurations_list": {"scoped_route_configurations": scopes},
    }
    admin.answers |= answers(parts)
    assert admin.codes() == {"routes_unknown"}
    dump: dict[str, Any] = {"@type": "type.googleapis.com/envoy.admin.v3.RoutesConfigDump"}
    dump["static_route_configs"] = [{"route_config": routes}]
    admin.answers["/config_dump"]["configs"].append(dump)
    assert admin.codes() == set()


def test_redacted_ids_are_found_in_the_names_of_routes(admin: Admin) -> None:
    """Envoy hides the values of context_extensions; envoy-config's names say the same."""
    parts = Parts()
    for extensions in parts.every_extensions():
        extensions.update(dict.fromkeys(extensions, "[redacted]"))
    admin.answers |= answers(parts)
    assert admin.codes() == set()
    missing = known(api_ids=frozenset({"1", "3"}))
    (finding,) = examine(read_admin(admin.url), missing)
    assert (finding.code, finding.detail, finding.place.route) == (
        "api_unknown",
        "api_id: 2",
        "api-2",
    )


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        ("/server_info", {"hello": 1}, "is not the admin interface of an Envoy"),
        ("/server_info", [1], "the answer to /server_info is not Envoy's"),
        ("/server_info", b"<html>", "the answer to /server_info is not JSON"),
        ("/config_dump", None, "cannot read /config_dump?include_eds: the answer is 404"),
        ("/stats", b"[" * 100_000, "too deeply nested"),
    ],
)
def test_something_that_is_no_envoy(admin: Admin, path: str, answer: Any, said: str) -> None:
    """The message names the address and what was wrong."""
    admin.answers[path] = answer
    with pytest.raises(ConfigurationError, match=admin.url) as raised:
        read_admin(admin.url)
    assert said in str(raised.value)
