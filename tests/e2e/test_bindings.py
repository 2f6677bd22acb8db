"""Each way in which Envoy may attest the API of a request, where its route cannot name it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from adapter.policy.bindings import ApiBinding
from support.upstream import Upstream
from tests.builders import api
from tests.e2e.conftest import config_for, manager_and_filter
from tests.rig.adapters import AdapterInProcess
from tests.rig.envoy import Envoy
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


def gateway_config(upstream: Upstream, address: str) -> str:
    """As `envoy-config` has it, but with routes that name no API, as a mesh would write them."""
    config = yaml.safe_load(config_for(upstream, address, token=None))
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
        for domain, route in ROUTES.items()
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
