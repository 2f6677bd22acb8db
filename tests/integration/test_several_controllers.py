"""Several controllers in one cluster."""

from collections.abc import AsyncIterator

import pytest

from adapter.controller.core.resources import GATEWAY_CLASS
from tests.integration.controlled_cluster import (
    BINDINGS,
    PROGRAMMED,
    a_cluster,
    another_round,
    counted,
    put,
    told,
)
from tests.rig.controllers import running_controller, settings_for
from tests.rig.fake_api_server import FakeApiServer
from tests.rig.polling import until
from tests.unit.controller.objects import binding, made, service


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    """A cluster with a Gateway and two routes."""
    async with a_cluster() as server:
        yield server


async def test_one_of_two_controllers_works(server: FakeApiServer) -> None:
    """The other one goes on when the first stops."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)) as second:
        await until(lambda: told(server) == PROGRAMMED)
        async with running_controller(settings_for(server.url)) as standby:
            await until(lambda: standby._reconciler.rounds.get("standby"))
            await second.stop()
            put(server, binding("users", "HTTPRoute/users", apiId="18"))
            await until(lambda: told(server, "users") == PROGRAMMED)


async def test_controllers_of_two_meshes_share_a_cluster(server: FakeApiServer) -> None:
    """Each keeps to its own targets, also if both know the same ApiBindings."""
    put(server, service("inner"))
    put(server, binding("orders", "HTTPRoute/orders"))
    put(server, binding("inner", "Service/inner", apiId="18"))
    put(server, made(GATEWAY_CLASS, "eg", {"controllerName": "gateway.envoyproxy.io/eg"}, ""))
    others = settings_for(server.url, "istio", name="istio", adapter={"namespace": "other"})
    async with running_controller(settings_for(server.url)) as eg, running_controller(others) as it:
        await until(lambda: told(server) == PROGRAMMED == told(server, "inner"))
        server.requests.clear()
        await another_round(server, eg, it)
        assert [r for r in server.requests if r.endswith("/status")] == []
        server.remove(BINDINGS, "shop", "orders")
        await until(lambda: counted(server) == 0)


async def test_a_controller_of_another_installation_removes_nothing(server: FakeApiServer) -> None:
    """It has the same name, another adapter, and ApiBindings of another namespace."""
    put(server, binding("orders", "HTTPRoute/orders"))
    kubernetes = {"url": server.url, "namespace": "pay"}
    others = settings_for(server.url, adapter={"namespace": "pay"}, kubernetes=kubernetes)
    async with running_controller(settings_for(server.url)), running_controller(others) as other:
        await until(lambda: told(server) == PROGRAMMED)
        await another_round(server, other)
        assert counted(server) == 5
        assert [r for r in server.requests if r.startswith("DELETE")] == []
