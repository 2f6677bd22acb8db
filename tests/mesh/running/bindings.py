"""Runs the real Envoy Gateway with what the controller makes of ApiBindings."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from adapter.controller.core.cluster import Cluster
from adapter.controller.core.decision import Decision, decide
from adapter.controller.core.judgement import judge
from adapter.controller.core.resources import API_BINDING, Resource, read_for
from adapter.settings import Settings
from adapter.settings.environment import overridden
from support.upstream import ECHO
from tests.mesh.examples import TOKEN
from tests.mesh.running.envoy_gateway import BESIDE, run_with
from tests.mesh.running.requests import Case
from tests.mesh.running.site import Site
from tests.unit.controller.objects import binding, options

_BOUND: Final = {"1": "HTTPRoute/orders", "2": "HTTPRoute/users", "4": "GRPCRoute/greeter"}
"""The route `files` is left out."""


async def run_envoy_gateway_by_bindings(directory: Path) -> list[str]:
    """Lines about an Envoy whose routes are bound; raises an error if an answer is wrong."""
    decision = _decision()
    settings = overridden({}, Settings, decision.settings[1]["data"])
    documents = [settings, *decision.objects.values()]
    return await run_with(
        "Envoy Gateway, ApiBindings", documents, {"token": TOKEN}, directory, _cases
    )


def _cases(site: Site) -> list[Case]:
    return [
        Case("orders.test", "/1", 401, "orders"),
        Case("orders.test", "/1", 200, "orders", site.credentials),
        Case("greeter.test", ECHO, 200, "greeter"),
        Case("users.test", "/1", 200, "users"),
        Case("files.test", "/files/1", 403),
    ]


def _decision() -> Decision:
    """What the controller decides about the Gateway and the routes beside it."""
    cluster = Cluster.of([*_beside(), *_bindings()])
    chosen = options("envoy-gateway", token=TOKEN)
    return decide(cluster, chosen, judge(cluster, chosen), {})


def _bindings() -> Iterator[tuple[Resource, dict[str, Any]]]:
    for api_id, target in _BOUND.items():
        _, content = binding(f"api-{api_id}", target, apiId=api_id)
        content["metadata"]["namespace"] = "default"
        yield API_BINDING, content


def _beside() -> Iterator[tuple[Resource, dict[str, Any]]]:
    """In one namespace, as they are applied there."""
    kinds = {resource.kind: resource for resource in read_for("envoy-gateway")}
    for content in yaml.safe_load_all(BESIDE.read_text()):
        if content["kind"] in kinds:
            content["metadata"] |= {"namespace": "default", "uid": content["metadata"]["name"]}
            yield kinds[content["kind"]], content
