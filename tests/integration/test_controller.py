"""A whole controller against an API server over HTTP: what operators and teams see."""

import asyncio
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from adapter.controller.core.resources import EVENT, HTTP_ROUTE, LEASE
from adapter.errors import ConfigurationError
from tests.integration.controlled_cluster import (
    ALL,
    BINDINGS,
    PROGRAMMED,
    a_cluster,
    bound,
    counted,
    is_told,
    put,
    told,
)
from tests.rig.controllers import path_of, running_controller, settings_for
from tests.rig.fake_api_server import FakeApiServer
from tests.rig.polling import until
from tests.unit.controller.objects import binding, gateway, http_route, made

_SECURITY_POLICIES = "apis/gateway.envoyproxy.io/v1alpha1/securitypolicies"


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    """A cluster with a Gateway and two routes."""
    async with a_cluster() as server:
        yield server


async def test_a_binding_from_its_creation_to_its_end(server: FakeApiServer) -> None:
    """Objects, settings, status, an Event for the route that nobody has bound, and metrics."""
    async with running_controller(settings_for(server.url)) as controller:
        put(server, binding("orders", "HTTPRoute/orders"))
        await until(lambda: told(server) == PROGRAMMED)
        assert counted(server) == 5
        assert bound(server) == ["17"]
        await until(lambda: server.objects(path_of(EVENT)))
        (event,) = server.objects(path_of(EVENT)).values()
        assert event["involvedObject"]["name"] == "users"
        assert event["reason"] == "NoApiBinding"

        async with httpx.AsyncClient(base_url=f"http://{controller.address}") as probes:
            assert (await probes.get("/readyz")).status_code == 200
            metrics = (await probes.get("/metrics")).text
        assert 'adapter_controller_writes_total{result="succeeded",verb="apply"} 6.0' in metrics
        assert 'adapter_controller_bindings{condition="Programmed",status="True"} 1.0' in metrics
        assert "adapter_controller_leading 1.0" in metrics

        server.remove(BINDINGS, "shop", "orders")
        await until(lambda: counted(server) == 0)
        assert bound(server) == []
    (lease,) = server.objects(path_of(LEASE)).values()
    assert lease["spec"]["holderIdentity"] == ""


async def test_nothing_is_written_when_nothing_has_changed(server: FakeApiServer) -> None:
    """A change of the status, such as the controller's own, leads to no round."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)) as controller:
        await until(lambda: controller._reconciler.rounds.get("succeeded", 0) >= 2)
        before = [r for r in server.requests if r.startswith("PATCH")]
        rounds = controller._reconciler.rounds["succeeded"]
        put(server, http_route("users", "new"))
        await until(lambda: controller._reconciler.rounds["succeeded"] > rounds)
        assert [r for r in server.requests if r.startswith("PATCH")] == before


async def test_the_younger_of_two_bindings_is_told_who_was_first(server: FakeApiServer) -> None:
    """It gets the target when the older one is deleted."""
    first = binding("orders", "HTTPRoute/orders")
    second = binding("second", "HTTPRoute/orders", created="2026-11-28T13:00:00Z", apiId="18")
    async with running_controller(settings_for(server.url)):
        put(server, second)
        await until(lambda: bound(server) == ["18"])
        put(server, first)
        await until(lambda: told(server, "second").get("Accepted") == "Conflicted")
        assert told(server, "second")["Programmed"] == "NotAccepted"
        assert bound(server) == ["17"]
        server.remove(BINDINGS, "shop", "orders")
        await until(lambda: told(server, "second") == PROGRAMMED)
        assert bound(server) == ["18"]


async def test_a_controller_that_stopped_in_the_middle_is_continued(server: FakeApiServer) -> None:
    """The next one applies what is missing, and removes what nobody wants any more."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server) == PROGRAMMED)
    server.remove(_SECURITY_POLICIES, "shop", "policy-adapter-eg")
    put(server, gateway("other"))
    put(server, http_route("orders", parent={"name": "other"}))
    async with running_controller(settings_for(server.url)):
        names = {"policy-adapter-other"}
        await until(lambda: {n for p in ALL for _, n in server.objects(p)} == names)
        assert counted(server) == 5


async def test_an_object_that_somebody_deletes_comes_back(server: FakeApiServer) -> None:
    """Otherwise the gateway would go on without the Check."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server) == PROGRAMMED)
        server.remove(_SECURITY_POLICIES, "shop", "policy-adapter-eg")
        await until(lambda: server.objects(_SECURITY_POLICIES))


async def test_objects_of_others_stay_as_they_are(server: FakeApiServer) -> None:
    """An object of the same name that somebody else has made; the status says what to do."""
    metadata = {"name": "policy-adapter-eg", "namespace": "shop"}
    theirs = {"metadata": metadata, "spec": {"extAuth": {"timeout": "9s"}}}
    server.put(_SECURITY_POLICIES, theirs)
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server).get("Programmed") == "NotApplied")
        status = server.objects(BINDINGS)["shop", "orders"]["status"]
        message = status["conditions"][1]["message"]
        assert "SecurityPolicy shop/policy-adapter-eg: somebody else has made" in message
        spec = server.objects(_SECURITY_POLICIES)["shop", "policy-adapter-eg"]["spec"]
        assert spec == {"extAuth": {"timeout": "9s"}}
        server.remove(_SECURITY_POLICIES, "shop", "policy-adapter-eg")
        await until(lambda: told(server) == PROGRAMMED)


async def test_the_api_server_goes_away_and_comes_back(server: FakeApiServer) -> None:
    """Watches end, versions expire, requests fail; nothing that happened meanwhile is missed."""
    async with running_controller(settings_for(server.url)) as controller:
        put(server, binding("orders", "HTTPRoute/orders"))
        await until(lambda: told(server) == PROGRAMMED)
        server.is_down = True
        server.end_watches()
        await until(
            lambda: "watch apibindings policy-adapter.dev" in controller.readiness().details
        )
        put(server, binding("users", "HTTPRoute/users", apiId="18"))
        server.forget_history()
        server.is_down = False
        await until(lambda: sorted(bound(server)) == ["17", "18"])
        await until(lambda: not controller.readiness().details)
        server.forget_history()
        server.end_watches()
        server.remove(BINDINGS, "shop", "users")
        await until(lambda: bound(server) == ["17"])


async def test_the_adapters_know_bindings_before_the_objects_are_applied(
    server: FakeApiServer,
) -> None:
    """They know an API before an Envoy asks about it. The first controller stops meanwhile."""
    settings = settings_for(server.url, rendered={"takeover_s": 20})
    put(server, binding("orders", "HTTPRoute/orders"))
    for _ in range(2):
        async with running_controller(settings) as controller:
            await until(lambda: told(server).get("Programmed") == "AdapterUpdating")
            assert (bound(server), counted(server)) == (["17"], 0)
            await until(lambda: controller._reconciler.rounds.get("updating"))
    async with running_controller(settings):
        await until(lambda: told(server) == PROGRAMMED)


async def test_an_object_with_nulls_stops_no_round(server: FakeApiServer) -> None:
    """They are fields that are missing."""
    parents = [{"name": "eg", "kind": None, "namespace": None}]
    put(server, made(HTTP_ROUTE, "odd", {"parentRefs": parents, "rules": None}))
    put(server, made(HTTP_ROUTE, "orders", {"parentRefs": None}))
    put(server, binding("orders", "HTTPRoute/orders"))
    put(server, binding("odd", "HTTPRoute/odd"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server, "odd") == PROGRAMMED)
        await until(lambda: told(server).get("Accepted") == "TargetNotFound")


async def test_definitions_that_are_not_installed_are_waited_for(server: FakeApiServer) -> None:
    """GRPCRoutes are optional. Without the definition of ApiBinding nothing is removed."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server) == PROGRAMMED)
    server.absent |= {"grpcroutes", "apibindings"}
    async with running_controller(settings_for(server.url)) as controller:
        grpc_routes = controller._read[2]
        await until(lambda: grpc_routes.is_synced and controller.readiness().details)
        assert controller.readiness().ready is False
        assert controller.readiness().details == {
            "watch apibindings policy-adapter.dev": "its definition is not installed"
        }
        assert counted(server) == 5
        server.absent.remove("apibindings")
        put(server, binding("users", "HTTPRoute/users", apiId="18"))
        await until(lambda: told(server, "users") == PROGRAMMED)


async def test_a_refused_binding_removes_nothing(server: FakeApiServer) -> None:
    """A mistake in a change must not open the API: its last good objects stay."""
    put(server, binding("orders", "HTTPRoute/orders"))
    async with running_controller(settings_for(server.url)):
        await until(lambda: told(server) == PROGRAMMED)
        for mistake in ("HTTPRoute/orders#absent", "HTTPRoute/absent", "GRPCRoute/absent"):
            refused = binding("orders", mistake)
            refused[1]["status"] = server.objects(BINDINGS)["shop", "orders"]["status"]
            put(server, refused)
            await until(partial(is_told, server, mistake.partition("#")[0]))
            assert counted(server) == 5
        server.remove(BINDINGS, "shop", "orders")
        await until(lambda: counted(server) == 0)


async def test_an_address_that_is_taken_ends_the_start(server: FakeApiServer) -> None:
    """The error names the setting; nothing is left open."""
    async with running_controller(settings_for(server.url)) as controller:
        taken = {"metrics_address": controller.address}
        with pytest.raises(ConfigurationError, match="cannot"):
            async with running_controller(settings_for(server.url, observability=taken)):
                await asyncio.sleep(0)


async def test_the_command_stops_gracefully(server: FakeApiServer, tmp_path: Path) -> None:
    """SIGTERM: it gives the Lease back, and ends with 0."""
    put(server, binding("orders", "HTTPRoute/orders"))
    config, endpoint = tmp_path / "controller.yaml", tmp_path / "endpoint"
    config.write_text(settings_for(server.url).model_dump_json(exclude_defaults=True))
    command = ["controller", "--config", str(config), "--endpoint", str(endpoint)]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "adapter", *command), stderr=asyncio.subprocess.PIPE
    )
    await until(lambda: told(server) == PROGRAMMED)
    assert endpoint.read_text().startswith("127.0.0.1:")
    process.terminate()
    _, log = await process.communicate()
    assert process.returncode == 0, log
    assert b"Traceback" not in log
    (lease,) = server.objects(path_of(LEASE)).values()
    assert lease["spec"]["holderIdentity"] == ""
