"""ApiBindings that name their API by its asset: the controller asks a real control plane."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from adapter.controller.core.resources import API_BINDING
from adapter.settings.controller import ControllerSettings
from tests.integration.controlled_cluster import bound, put, told
from tests.rig.connected_apps import connected_app
from tests.rig.control_plane import RunningControlPlane, running_control_plane
from tests.rig.controllers import path_of, running_controller, settings_for
from tests.rig.fake_api_server import FakeApiServer
from tests.rig.polling import until
from tests.unit.controller.objects import binding, gateway, http_route

_ASSET = {"groupId": "shop", "assetId": "orders", "version": "1.0.0"}
_PROGRAMMED = {"Accepted": "Accepted", "Programmed": "Programmed"}


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[RunningControlPlane]:
    """A control plane."""
    async with running_control_plane(tmp_path) as platform:
        yield platform


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    """A cluster with a Gateway and a route."""
    async with FakeApiServer().serving() as server:
        for item in (gateway(), http_route("orders")):
            put(server, item)
        yield server


def connected(platform: RunningControlPlane, server: FakeApiServer) -> ControllerSettings:
    """The settings of a controller with a connected app of its own."""
    app = connected_app(platform, "cluster", role="api-admin")
    credentials = platform.credentials
    return settings_for(
        server.url,
        platform={
            "base_url": platform.base_url,
            "organization_id": credentials.organization_id,
            "environment_id": credentials.environment_id,
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
        },
    )


def message(server: FakeApiServer) -> str:
    """What the condition Accepted says."""
    status = server.objects(path_of(API_BINDING))["shop", "orders"].get("status", {})
    return str(status.get("conditions", [{}])[0].get("message", ""))


async def instances(platform: RunningControlPlane) -> list[Any]:
    """The API instances of the environment."""
    credentials = platform.credentials
    found = await platform.admin.ask(
        "GET",
        f"/apimanager/api/v1/organizations/{credentials.organization_id}"
        f"/environments/{credentials.environment_id}/apis",
    )
    return [api for asset in found["assets"] for api in asset["apis"]]


async def test_an_api_is_created_once_and_stays(
    platform: RunningControlPlane, server: FakeApiServer
) -> None:
    """A restart of the controller finds it again. While the platform is away, new ones wait."""
    settings = connected(platform, server)
    put(server, binding("orders", "HTTPRoute/orders", api={**_ASSET, "create": True}))
    for _ in range(2):
        server.objects(path_of(API_BINDING))["shop", "orders"].pop("status", None)
        async with running_controller(settings):
            await until(lambda: told(server) == _PROGRAMMED)
    (created,) = await instances(platform)
    assert bound(server) == [str(created["id"])]
    await platform.stop()
    put(server, http_route("users"))
    put(server, binding("users", "HTTPRoute/users", api={**_ASSET, "create": True}))
    async with running_controller(settings):
        await until(lambda: told(server, "users").get("Accepted") == "PlatformUnavailable")
        assert told(server) == _PROGRAMMED
        assert bound(server) == [str(created["id"])]
        await platform.start()
        await until(lambda: told(server, "users") == _PROGRAMMED)
        server.remove(path_of(API_BINDING), "shop", "orders")
        await until(lambda: len(bound(server)) == 1)
    labels = {api["instanceLabel"] for api in await instances(platform)}
    assert labels == {"shop/orders", "shop/users"}


async def test_an_api_is_found_by_its_asset(
    platform: RunningControlPlane, server: FakeApiServer
) -> None:
    """None and several are refused; a label chooses. The controller asks again by itself."""
    put(server, binding("orders", "HTTPRoute/orders", api=_ASSET))
    settings = connected(platform, server)
    wrong = settings.model_dump()
    wrong["platform"]["client_secret"] = "not-this-one"
    async with running_controller(ControllerSettings.model_validate(wrong)):
        await until(lambda: "platform.client_id and platform.client_secret" in message(server))
    assert "not-this-one" not in message(server)
    async with running_controller(settings):
        await until(lambda: "has no API instance of orders 1.0.0" in message(server))
        first = await platform.admin.create_api("orders", instanceLabel="first")
        await until(lambda: "has no API instance of orders 1.0.0" in message(server))
        group = first["groupId"]
        put(server, binding("orders", "HTTPRoute/orders", api={**_ASSET, "groupId": group}))
        await until(lambda: bound(server) == [str(first["id"])])
        second = await platform.admin.create_api("orders", instanceLabel="second")
        named = {**_ASSET, "groupId": group, "instanceLabel": "second"}
        put(server, binding("orders", "HTTPRoute/orders", api=named))
        await until(lambda: bound(server) == [str(second["id"])])
        put(server, binding("orders", "HTTPRoute/orders", api={**_ASSET, "groupId": group}))
        ids = f"{first['id']}, {second['id']}"
        await until(lambda: f"several API instances of orders 1.0.0 ({ids})" in message(server))


async def test_without_a_platform_the_api_must_be_named(server: FakeApiServer) -> None:
    """The message lists the settings."""
    put(server, binding("orders", "HTTPRoute/orders", api=_ASSET))
    async with running_controller(settings_for(server.url)):
        await until(lambda: "set platform.base_url" in message(server))
    assert told(server)["Accepted"] == "ApiNotFound"
