"""The fragments of `envoy-config --fragment`, added to a configuration of somebody else."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.cli.api_option import read_place
from adapter.envoy_config import render_fragments
from support.defaults import envoy_config
from support.upstream import Upstream
from tests.builders import CLIENT_ID_ENFORCEMENT, api, contract
from tests.e2e.conftest import QUICK_AND_PATIENT, TOKEN
from tests.rig.adapters import AdapterInProcess, CollectedLogs
from tests.rig.envoy import Envoy
from tests.rig.events import event_of
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

APIS = [api("1", [CLIENT_ID_ENFORCEMENT], [contract("client-1", name="Shop")])]
BASE = """
admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}
static_resources:
  listeners:
  - name: ingress
    address: {socket_address: {address: 127.0.0.1, port_value: 0}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: front
          access_log:
          - name: own
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog
              path: /dev/null
          route_config:
            virtual_hosts:
            - name: shop
              domains: [shop.test]
              routes:
              - match: {path: /healthz}
                direct_response: {status: 200}
              - match: {prefix: /orders}
                route: {cluster: orders}
          http_filters:
          - name: envoy.filters.http.cors
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
  - name: orders
    type: STATIC
    load_assignment:
      cluster_name: orders
      endpoints: [{lb_endpoints: [{endpoint: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}}]}]
"""  # noqa: E501 - YAML as people write it


def assembled(fragments: str, service: str) -> str:
    """The base with each fragment where its comment says."""
    options, filters, logs, route_options, route, unchecked, clusters = yaml.safe_load_all(
        fragments
    )
    base = yaml.safe_load(BASE)
    resources = base["static_resources"]
    manager: dict[str, Any] = resources["listeners"][0]["filter_chains"][0]["filters"][0]
    manager = manager["typed_config"]
    manager.update(options)
    manager["http_filters"][1:1] = filters["http_filters"]
    manager["access_log"] += logs["access_log"]
    manager["route_config"].update(route_options)
    health, orders = manager["route_config"]["virtual_hosts"][0]["routes"]
    orders.update(route)
    health.update(unchecked)
    (own,) = resources["clusters"]
    address = own["load_assignment"]["endpoints"][0]["lb_endpoints"][0]["endpoint"]["address"]
    address["socket_address"]["port_value"] = int(service.rpartition(":")[2])
    resources["clusters"] += clusters["clusters"]
    return yaml.safe_dump(base)


async def test_an_envoy_that_exists(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """A request without credentials is denied, one with them passes, and both are events."""
    logs = CollectedLogs()
    good = [("client_id", "client-1"), ("client_secret", "secret"), ("x-adapter-client-id", "me")]
    async with AdapterInProcess(APIS, token=TOKEN, logs=logs) as adapter:
        config = envoy_config(
            [read_place("1@shop.test/orders")], [adapter.address], **QUICK_AND_PATIENT
        )
        text = assembled(render_fragments(config), upstream.http_address)
        async with Envoy(binary, text, tmp_path) as envoy:
            denied = await request(envoy.address, "shop.test", "/orders/1")
            passed = await request(envoy.address, "shop.test:80", "/x/../orders//2", good)
            health = await request(envoy.address, "shop.test.", "/healthz")
            await until(lambda: len(logs.entries()) == 3)
    assert (denied.status, denied.header("x-adapter-reason")) == (401, "credentials_missing")
    assert (passed.status, passed.json()["path"]) == (200, "/orders/2")
    assert passed.upstream_saw("x-adapter-client-id") == ["client-1"]
    assert health.status == 200
    events = [event_of(entry) for entry in logs.entries() if b"client-1" in entry]
    assert [(e["api_id"], e["application_name"], e["path"]) for e in events] == [
        (1, "Shop", "/orders/2")
    ]
