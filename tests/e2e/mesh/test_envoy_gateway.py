"""What is rendered for Envoy Gateway, on an Envoy that is configured as it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

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
from tests.rig.imitations.envoy_gateway import EnvoyGateway
from tests.rig.polling import until
from tests.rig.raw_http import request

pytestmark = pytest.mark.asyncio(loop_scope="session")

LISTENER = "default/eg/http"
ROUTES = [
    ("orders.test", "HTTPRoute", "default", "orders"),
    ("greeter.test", "GRPCRoute", "default", "greeter"),
    ("users.test", "HTTPRoute", "shop", "users"),
    ("files.test", "HTTPRoute", "default", "files"),
]


@asynccontextmanager
async def running(
    binary: Path, directory: Path, service: str, token: str | None
) -> AsyncIterator[tuple[str, CollectedLogs]]:
    """The Gateway of the example plan: its address, and the entries that it logs."""
    objects, logs = documents("envoy-gateway", token=token), CollectedLogs()
    async with adapter_with(objects[0], logs, token) as adapter:
        config = EnvoyGateway(objects, adapter.address).bootstrap(ROUTES, service)
        async with Envoy(binary, yaml.safe_dump(config), directory) as envoy:
            yield envoy.listeners[LISTENER], logs


@pytest.mark.parametrize("token", [TOKEN, None], ids=["token", "plain"])
async def test_a_gateway(
    binary: Path, upstream: Upstream, tmp_path: Path, token: str | None
) -> None:
    """Each way to name an API works; a route of no API is refused; all are logged."""
    async with running(binary, tmp_path, upstream.http_address, token) as (address, logs):
        for host, path, api_id in (
            ("orders.test", "/1", "1"),
            ("greeter.test", "/1", "4"),
            ("users.test:80", "/1", "2"),
            ("files.test.", "/files/1", "3"),
        ):
            answer = await request(address, host, path, [*FORGED, ("client_id", "shop")])
            assert answer.upstream_saw("x-adapter-api-id") == [api_id]
            assert answer.upstream_saw("client_id") == ["shop"]
            assert_nothing_forged_passed(answer)
        other = await request(address, "files.test", "/other")
        assert other.header("x-adapter-reason") == "api_unbound"
        assert (await request(address, "orders.test", "/a%2Fb")).status == 400
        for host in ("orders.test", "users.test"):
            odd = await request(address, host, "/orders;x/1")
            assert odd.header("x-adapter-reason") == "ambiguous_path"
        await until(lambda: len(logs.entries()) == 8)
