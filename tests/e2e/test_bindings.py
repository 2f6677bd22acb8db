"""Each way in which Envoy may attest the API of a request, where its route cannot name it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.policy.bindings import ApiBinding
from support.upstream import Upstream
from tests.builders import api
from tests.e2e.conftest import config_for, manager_and_filter
from tests.rig.adapter_process import AdapterProcess
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary
from tests.rig.polling import eventually
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

APIS = [api("by-name"), api("by-metadata"), api("by-authority"), api("by-path")]
BINDINGS = [
    ApiBinding("by-name", route_name="orders-route"),
    ApiBinding("by-metadata", route_metadata="HTTPRoute/shop/orders"),
    ApiBinding("by-authority", authority="authority.test"),
    ApiBinding("by-path", authority="authority.test", path_prefix="/pay"),
]
RESOURCE = {"kind": "HTTPRoute", "namespace": "shop", "name": "orders"}
ROUTES: dict[str, dict[str, Any]] = {
    "name.test": {"name": "orders-route"},
    "metadata.test": {
        "metadata": {"filter_metadata": {"envoy-gateway": {"resources": [RESOURCE]}}}
    },
    "authority.test": {},
    "stranger.test": {"name": "another-route"},
}


PER_ROUTE = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute"
WITHOUT_CHECK = {"envoy.filters.http.ext_authz": {"@type": PER_ROUTE, "disabled": True}}


def gateway_config(
    upstream: Upstream, *addresses: str, routes: Mapping[str, dict[str, Any]] = ROUTES
) -> str:
    """As `envoy-config` has it, but with routes that name no API, as a mesh would write them."""
    config = yaml.safe_load(config_for(upstream, *addresses, token=None))
    manager, ext_authz = manager_and_filter(config)
    ext_authz["route_metadata_context_namespaces"] = ["envoy-gateway"]
    route_name = {"key": "x-route-name", "value": "%ROUTE_NAME%"}
    ext_authz["grpc_service"]["initial_metadata"] = [route_name]
    to_upstream = {
        "match": {"prefix": "/"},
        "route": {"cluster": f"upstream_{upstream.http_address}"},
    }
    manager["route_config"]["virtual_hosts"] = [
        {"name": domain, "domains": [domain], "routes": [to_upstream | route]}
        for domain, route in routes.items()
    ]
    return yaml.safe_dump(config)


async def test_routes_that_name_no_api(binary: Path, upstream: Upstream, tmp_path: Path) -> None:
    """Name, mesh's metadata, authority and path lead to the API; anything else is refused."""
    async with AdapterInProcess(APIS, bindings=BINDINGS) as adapter:
        config = gateway_config(upstream, adapter.address)
        async with Envoy(binary, config, tmp_path) as envoy:
            for host, path, api_id in (
                ("name.test", "/", "by-name"),
                ("metadata.test", "/", "by-metadata"),
                ("AUTHORITY.test:80", "/orders", "by-authority"),
                ("authority.test", "/pay/1", "by-path"),
                ("authority.test", "/payments", "by-authority"),
            ):
                answer = await request(envoy.address, host, path)
                assert answer.upstream_saw("x-adapter-api-id") == [api_id]
            stranger = await request(envoy.address, "stranger.test")
            assert stranger.status == 403
            assert stranger.header("x-adapter-reason") == "api_unbound"


def write(file: Path, content: object) -> None:
    """Replace the file in one step."""
    new = file.with_name("new")
    new.write_text(json.dumps(content))
    new.rename(file)


async def test_bindings_in_a_file_are_followed(upstream: Upstream, tmp_path: Path) -> None:
    """By all workers, for Checks and for entries without a decision; a bad file changes nothing."""
    environment, file = tmp_path / "environment.yaml", tmp_path / "bindings.yaml"
    orders = {"id": 17, "groupId": "g", "assetId": "orders", "assetVersion": "1.0.0"}
    write(environment, {"version": 1, "apis": [orders]})
    write(file, [])
    settings = {
        "listener": {"address": "127.0.0.1:0"},
        "platform": {"file": str(environment)},
        "requests": {"bindings_file": str(file)},
        "workers": 2,
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": None},
        "shutdown": {"drain_s": 0},
    }
    routes: dict[str, dict[str, Any]] = {
        "orders.test": {"name": "orders"},
        "unchecked.test": {"name": "orders", "typed_per_filter_config": WITHOUT_CHECK},
    }
    async with AdapterProcess(settings, tmp_path / "adapter") as adapter:
        await adapter.until_ready()
        config = gateway_config(upstream, *adapter.addresses, routes=routes)
        async with Envoy(envoy_binary(NEWEST), config, tmp_path / "envoy") as envoy:

            async def statuses() -> set[int]:
                return {(await request(envoy.address, "orders.test")).status for _ in range(16)}

            async def is_served() -> bool:
                return await statuses() == {200}

            async def is_counted() -> bool:
                await request(envoy.address, "unchecked.test")
                lines = await adapter.metric_lines()
                return any(
                    line.startswith('adapter_unchecked_requests_total{api="17"} ') for line in lines
                )

            async def is_named() -> bool:
                # Of no single worker, because both say the same.
                return "bindings" in (await adapter.readiness())["details"]

            assert await statuses() == {403}
            assert not await is_counted()
            write(file, [{"api_id": 17, "route_name": "orders"}])
            await eventually(is_served)
            await eventually(is_counted)
            write(file, {"bindings": []})
            await eventually(is_named)
            readiness = await adapter.readiness()
            assert readiness["ready"]
            assert "must be a list of bindings" in readiness["details"]["bindings"]
            assert "adapter_bindings_kept 1.0" in await adapter.metric_lines()
            assert await is_served()
