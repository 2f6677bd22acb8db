"""TCP connections that Envoy's network filter asks about, as in a mesh with a CUSTOM policy."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import yaml

from adapter.policy.bindings import ApiBinding
from support.upstream import Upstream
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied
from tests.e2e.conftest import config_for
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary

pytestmark = pytest.mark.asyncio(loop_scope="session")

HERE, ELSEWHERE = {"ips": ["127.0.0.0/8"]}, {"ips": ["203.0.113.9"]}
CONNECTIONS = {
    "open": ([], True),
    "listed": ([applied("ip-allowlist", HERE)], True),
    "not-listed": ([applied("ip-allowlist", ELSEWHERE)], False),
    "blocked": ([applied("ip-blocklist", HERE)], False),
    "credentials": ([CLIENT_ID_ENFORCEMENT], False),
}
TYPES = "type.googleapis.com/envoy.extensions.filters.network"


def tcp_listener(name: str, upstream: Upstream) -> dict[str, Any]:
    """A TCP port as Istio renders it, whose constant route name says which API it is."""
    ext_authz = {
        "@type": f"{TYPES}.ext_authz.v3.ExtAuthz",
        "stat_prefix": name,
        "transport_api_version": "V3",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": "adapter"},
            "timeout": "5s",
            "initial_metadata": [{"key": "x-route-name", "value": f"tcp-{name}"}],
        },
    }
    proxy = {
        "@type": f"{TYPES}.tcp_proxy.v3.TcpProxy",
        "stat_prefix": name,
        "cluster": f"upstream_{upstream.http_address}",
    }
    filters = [
        {"name": "envoy.filters.network.ext_authz", "typed_config": ext_authz},
        {"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy},
    ]
    address = {"socket_address": {"address": "127.0.0.1", "port_value": 0}}
    return {"name": name, "address": address, "filter_chains": [{"filters": filters}]}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def envoy(
    upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Envoy]:
    """An Envoy with a port for each API."""
    apis = [api(name, policies) for name, (policies, _) in CONNECTIONS.items()]
    bindings = [ApiBinding(name, route_name=f"tcp-{name}") for name in CONNECTIONS]
    async with AdapterInProcess(apis, bindings=bindings) as adapter:
        config = yaml.safe_load(config_for(upstream, adapter.address, token=None))
        listeners = config["static_resources"]["listeners"]
        listeners += [tcp_listener(name, upstream) for name in (*CONNECTIONS, "unbound")]
        written = yaml.safe_dump(config)
        async with Envoy(
            envoy_binary(NEWEST), written, tmp_path_factory.mktemp("envoy")
        ) as running:
            yield running


async def passes(address: str) -> bool:
    """Whether what a client says there reaches the service, which speaks HTTP here."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        return bool(await reader.read())
    except ConnectionError:
        return False
    finally:
        writer.close()


@pytest.mark.parametrize("name", CONNECTIONS)
async def test_connections_are_decided_by_the_policies_that_need_no_http(
    envoy: Envoy, name: str
) -> None:
    """By the address of the peer, and without any policy they pass."""
    assert await passes(envoy.listeners[name]) is CONNECTIONS[name][1]


async def test_a_connection_that_belongs_to_no_api_is_refused(envoy: Envoy) -> None:
    """As a request would be."""
    assert not await passes(envoy.listeners["unbound"])
