"""What is rendered for Istio, on Envoys that are configured as istiod does it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.upstream import Upstream
from tests.e2e.mesh.conftest import (
    FORGED,
    TOKEN,
    adapter_with,
    assert_nothing_forged_passed,
    documents,
)
from tests.rig.adapters import CollectedLogs
from tests.rig.envoy import Envoy
from tests.rig.events import event_of
from tests.rig.imitations.istio import IstioEnvoy, route, virtual_service
from tests.rig.imitations.parts import cluster
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

GATEWAY_HOSTS = [
    {
        "name": "shop.test:80",
        "domains": ["shop.test", "shop.test:*"],
        "routes": [
            virtual_service("shop", "/orders", "service", rule="orders"),
            virtual_service("greeter", "/greet", "service"),
            route("shop.users.0", "/users", "service"),
            virtual_service("shop", "/other", "service", rule="other"),
        ],
    },
    {
        "name": "files.test:80",
        "domains": ["files.test", "files.test:*"],
        "routes": [virtual_service("files", "/", "service")],
    },
]


@asynccontextmanager
async def running(
    binary: Path,
    directory: Path,
    service: str,
    hosts: list[Any],
    *,
    kind: str,
    name: str,
    token: str | None = TOKEN,
    tcp: dict[int, str] | None = None,
) -> AsyncIterator[tuple[Envoy, CollectedLogs]]:
    """One of the Envoys of the example plan, with an adapter, and the entries that it logs."""
    objects, logs = documents("istio", token=token), CollectedLogs()
    async with adapter_with(objects[0], logs, token) as adapter:
        imitated = IstioEnvoy(objects, kind, name, adapter.address)
        config = imitated.bootstrap(hosts, [cluster("service", service)], tcp)
        async with Envoy(binary, yaml.safe_dump(config), directory) as envoy:
            yield envoy, logs


@pytest.mark.parametrize("token", [TOKEN, None], ids=["token", "telemetry"])
async def test_a_gateway(
    binary: Path, upstream: Upstream, tmp_path: Path, token: str | None
) -> None:
    """Each way to name an API works; a route of no API is refused; all are logged."""
    async with running(
        *(binary, tmp_path, upstream.http_address, GATEWAY_HOSTS),
        kind="gateway",
        name="ingressgateway",
        token=token,
        tcp={5432: "service"},
    ) as (envoy, logs):
        for host, path, api_id in (
            ("shop.test", "/orders/1", "1"),
            ("shop.test", "/users/1", "2"),
            ("files.test", "/files/1", "3"),
            ("shop.test:80", "/greet", "4"),
        ):
            answer = await request(envoy.address, host, path, FORGED)
            assert answer.upstream_saw("x-adapter-api-id") == [api_id]
            assert_nothing_forged_passed(answer)
        for host, path in (("shop.test", "/other"), ("files.test", "/")):
            answer = await request(envoy.address, host, path)
            assert answer.header("x-adapter-reason") == "api_unbound"
        odd = await request(envoy.address, "shop.test", "/users;x/1")
        assert odd.header("x-adapter-reason") == "ambiguous_path"
        await until(lambda: len(logs.entries()) == 7)


async def test_a_port_without_http(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """A constant in place of the route's name tells the API of the connection."""
    async with running(
        *(binary, tmp_path, upstream.http_address, GATEWAY_HOSTS),
        kind="gateway",
        name="ingressgateway",
        tcp={5432: "service"},
    ) as (envoy, logs):
        host, _, port = envoy.listeners["0.0.0.0_5432"].rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        await reader.read()
        writer.close()
        await until(lambda: len(logs.entries()) == 1)
    (event,) = map(event_of, logs.entries())
    assert (event["api_id"], event["verb"]) == (7, "TCP")


async def test_a_sidecar(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Whatever host a client of the mesh names, the workload's API decides."""
    inbound = [
        {
            "name": "inbound|http|8080",
            "domains": ["*"],
            "routes": [route("default", "/", "service")],
        }
    ]
    async with running(
        *(binary, tmp_path, upstream.http_address, inbound), kind="sidecar", name="orders"
    ) as (envoy, logs):
        for host in ("orders.shop", "files.test"):
            answer = await request(envoy.address, host, "/files/1", FORGED)
            assert answer.upstream_saw("x-adapter-api-id") == ["5"]
            assert_nothing_forged_passed(answer)
        await until(lambda: len(logs.entries()) == 2)


async def test_a_waypoint(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """The name of a rule tells the API; no patch reaches the routes there."""
    hosts = [
        {
            "name": "bills",
            "domains": ["*"],
            "routes": [route("pay", "/pay", "service"), route("shop.bills.1", "/", "service")],
        }
    ]
    async with running(
        *(binary, tmp_path, upstream.http_address, hosts), kind="waypoint", name="waypoint"
    ) as (envoy, logs):
        answer = await request(envoy.address, "bills.shop", "/pay", FORGED)
        assert answer.upstream_saw("x-adapter-api-id") == ["6"]
        assert_nothing_forged_passed(answer)
        other = await request(envoy.address, "bills.shop", "/other")
        assert other.header("x-adapter-reason") == "api_unbound"
        await until(lambda: len(logs.entries()) == 2)
