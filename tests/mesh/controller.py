"""The controller and the definition of ApiBinding against a real API machinery server."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
import yaml

from adapter.controller.core.desired_objects import CONTROLLER
from adapter.controller.core.resources import (
    API_BINDING,
    SERVICE,
    Key,
    Resource,
    read_for,
    written_for,
)
from adapter.controller.kubernetes.client import KubernetesClient
from adapter.controller.kubernetes.failures import ApiServerError
from tests.mesh.api_machinery.running import RealApiServer, running_api_server
from tests.rig.api_bindings import definition_and_roles
from tests.rig.api_server_contract import CONTRACT, binding
from tests.rig.controllers import conditions, running_controller, settings_for
from tests.rig.kubernetes_client import kubernetes_client
from tests.rig.kubernetes_schemas import crd_files
from tests.rig.polling import eventually

_Mesh = Literal["envoy-gateway", "istio"]
_MESHES: tuple[_Mesh, ...] = ("envoy-gateway", "istio")
_OBJECTS = Path(__file__).parent / "bindings.yaml"
_PROGRAMMED = {"Accepted": "Accepted", "Programmed": "Programmed"}
_ROUTE = {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "orders"}
_MISTAKES: tuple[tuple[dict[str, Any], str], ...] = (
    ({"api": {"assetId": "a", "version": "1"}}, "set either apiId or api"),
    ({"targetRefs": [_ROUTE | {"group": ""}]}, "the group of an HTTPRoute or GRPCRoute is"),
    ({"targetRefs": [_ROUTE | {"kind": "Service"}]}, "the group of a Service is empty"),
    ({"targetRefs": [_ROUTE | {"kind": "VirtualService"}]}, "the group of a VirtualService is"),
    ({"targetRefs": [_ROUTE, _ROUTE]}, "targetRefs must differ"),
    ({"targetRefs": []}, "should have at least 1 items"),
    ({"apiId": "1 7"}, "spec.apiId"),
)


def hold_controller(directory: Path) -> list[str]:
    """A line for each thing that holds; raises RuntimeError if one does not."""
    # What is printed should be these lines alone.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return asyncio.run(_hold(directory))


async def _hold(directory: Path) -> list[str]:
    definitions = [definition_and_roles()[0], *_definitions()]
    lines = []
    async with running_api_server(directory, definitions) as server:
        lines.append(
            f"API machinery: accepts the definition of ApiBinding and {len(definitions) - 1} others"
        )
        async with _clients(server.url) as (client, other):
            for part in CONTRACT:
                await _named(f"contract {part.__name__}", part(client, other))
            lines.append(f"API machinery: keeps all {len(CONTRACT)} parts of the contract")
            lines.append(await _named("mistakes", _refuses(client)))
            lines += [await _named(mesh, _controls(server, client, mesh)) for mesh in _MESHES]
    return lines


async def _named(what: str, hold: Awaitable[Any]) -> Any:
    """Wait for it; says what did not hold."""
    try:
        return await hold
    except (AssertionError, ApiServerError, TimeoutError, pytest.fail.Exception) as e:
        raise RuntimeError(f"API machinery, {what}: {type(e).__name__} {e}") from e


async def _refuses(client: KubernetesClient) -> str:
    """The rules in CEL, and the schema."""
    for change, words in _MISTAKES:
        key = Key(API_BINDING, "contract", "mistaken")
        with pytest.raises(ApiServerError, match=re.escape(words)) as refused:
            await client.apply(key, binding("mistaken", **change), force=False)
        assert refused.value.status == 422
    return f"API machinery: refuses {len(_MISTAKES)} mistakes in ApiBindings, in our words"


async def _controls(server: RealApiServer, client: KubernetesClient, mesh: _Mesh) -> str:
    """From the objects of a cluster to those of the mesh, over a restart of the API server."""
    keys = [key async for key in _applied(client, mesh)]
    bindings = [key for key in keys if key.resource == API_BINDING]

    async def are_programmed() -> bool:
        found = [conditions(await client.get(key)) for key in bindings]
        return all(told == _PROGRAMMED for told in found)

    async def is_removed() -> bool:
        return not await _rendered(client, mesh)

    async with running_controller(settings_for(server.url, mesh)):
        await eventually(are_programmed)
        rendered = await _rendered(client, mesh)
        await asyncio.to_thread(server.restart)
        await server.until_ready()
        first, *_ = bindings
        deleted = await client.get(rendered[-1])
        await client.delete(rendered[-1], deleted["metadata"]["uid"])
        await client.patch(first, {"spec": {"apiId": "20"}})

        async def are_current() -> bool:
            status = (await client.get(first)).get("status", {})
            return status.get("apiId") == "20" and await _rendered(client, mesh) == rendered

        await eventually(are_current)
        for key in bindings:
            await client.delete(key, (await client.get(key))["metadata"]["uid"])
        await eventually(is_removed)
    for key in set(keys) - set(bindings):
        await client.delete(key, (await client.get(key))["metadata"]["uid"])
    return (
        f"API machinery: for {mesh}, {len(bindings)} ApiBindings are programmed by "
        f"{len(rendered)} objects, also after a restart of the API server, and removed again"
    )


async def _applied(client: KubernetesClient, mesh: _Mesh) -> AsyncIterator[Key]:
    """Make the objects of the cluster."""
    kinds = {(r.api_version, r.kind): r for r in (API_BINDING, SERVICE, *_read())}
    for content in yaml.safe_load_all(_OBJECTS.read_text()):
        metadata = content["metadata"]
        if mesh in metadata.pop("annotations", {}).get("mesh", mesh):
            resource = kinds[content["apiVersion"], content["kind"]]
            key = Key(resource, metadata["namespace"], metadata["name"])
            await client.apply(key, content, force=True)
            yield key


async def _rendered(client: KubernetesClient, mesh: _Mesh) -> list[Key]:
    found = []
    for resource in written_for(mesh):
        for content in (await client.list(resource, None, f"{CONTROLLER}=policy-adapter")).items:
            metadata = content["metadata"]
            found.append(Key(resource, metadata["namespace"], metadata["name"]))
    return found


def _read() -> tuple[Resource, ...]:
    return (*read_for("istio"), *read_for("envoy-gateway"))


def _definitions() -> Iterator[dict[str, Any]]:
    """The real definitions of everything that the controller reads and writes."""
    written = (*written_for("istio"), *written_for("envoy-gateway"))
    names = {f"{r.plural}.{r.group}" for r in (*_read(), *written) if r.group}
    for file in crd_files():
        for text in file.read_text().split("\n---\n"):
            if any(f"\n  name: {name}\n" in text for name in names):
                yield yaml.load(text, yaml.CSafeLoader)


@asynccontextmanager
async def _clients(url: str) -> AsyncIterator[tuple[KubernetesClient, KubernetesClient]]:
    async with kubernetes_client(url) as client, kubernetes_client(url, "other") as other:
        yield client, other
