"""Runs the real control planes with what the controller makes of ApiBindings."""

from pathlib import Path
from typing import Any, Final

import yaml

from adapter.controller.core.cluster import Cluster
from adapter.controller.core.decision import Decision, decide
from adapter.controller.core.judgement import judge
from adapter.controller.core.resources import read_for
from adapter.envoy_config.mesh import Mesh
from support.upstream import ECHO
from tests.mesh.examples import TOKEN
from tests.mesh.running.envoy_gateway import BESIDE as ENVOY_GATEWAY
from tests.mesh.running.envoy_gateway import run_with
from tests.mesh.running.istio_certificates import serving_certificates
from tests.mesh.running.istio_objects import BESIDE as ISTIO
from tests.mesh.running.istio_objects import SIDECARS, mesh_config, objects_beside
from tests.mesh.running.istiod import envoy_of_istio, running_istiod
from tests.mesh.running.requests import Case, send_all, until_served
from tests.mesh.running.site import Site, running_site
from tests.rig.mesh_plans import rendered
from tests.unit.controller.objects import binding, options, service

_GATEWAY: Final = "127.0.0.1:8080"
_GATEWAY_LABELS: Final = {"istio": "ingressgateway"}
_MADE: Final = "2026-11-28T12:00:00Z"
_BOUND: Final = {"1": "HTTPRoute/orders", "2": "HTTPRoute/users", "4": "GRPCRoute/greeter"}
"""The route `files` is left out."""
_BOUND_BY_ISTIO: Final = {
    "1": "VirtualService/shop#orders",
    "3": "VirtualService/files",
    "4": "VirtualService/greeter",
    "5": "Service/orders",
}
"""The other rules of `shop` are left out."""


async def run_envoy_gateway_by_bindings(directory: Path) -> list[str]:
    """Lines about an Envoy whose routes are bound; raises an error if an answer is wrong."""
    decision = _decided("envoy-gateway", ENVOY_GATEWAY, "default", _BOUND)
    address = {"forwarded_for_position": 1}
    documents = [_settings(decision, address, directory), *decision.objects.values()]
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


async def run_istio_by_bindings(directory: Path) -> list[str]:
    """The same for a gateway and a sidecar of Istio."""
    decision = _decided("istio", ISTIO, "shop", _BOUND_BY_ISTIO)
    config, objects = _mesh_config(), list(decision.objects.values())
    settings = _settings(decision, {"client_address_header": "x-adapter-client-address"}, directory)
    async with (
        running_site(settings, directory, {"token": TOKEN}) as site,
        running_istiod(config, objects_beside(objects, site), directory),
    ):
        async with envoy_of_istio("router", _GATEWAY_LABELS, directory):
            await until_served(_GATEWAY, "files.test", "/files/1")
            gateway = await send_all(
                "Istio, ApiBindings, gateway", _GATEWAY, _istio_cases(site), site
            )
        async with (
            serving_certificates("orders", directory) as certificates,
            envoy_of_istio("sidecar", {"app": "orders"}, directory, certificates.address),
        ):
            await until_served(SIDECARS["orders"], "orders")
            cases = [Case("files.test", "/files/1", 200, "workload")]
            sidecar = await send_all("Istio, ApiBindings, sidecar", SIDECARS["orders"], cases, site)
    return [gateway, sidecar]


def _mesh_config() -> dict[str, Any]:
    """What an operator adds to istiod's configuration once."""
    contents = [document.content for document in rendered("istio", token=TOKEN)]
    return mesh_config(next(content for content in contents if "meshConfig" in content))


def _istio_cases(site: Site) -> list[Case]:
    return [
        Case("shop.test", "/orders/1", 401, "orders"),
        Case("shop.test", "/orders/1", 200, "orders", site.credentials),
        Case("greeter.test", ECHO, 200, "greeter"),
        Case("files.test", "/files/1", 200, "files"),
        Case("shop.test", "/users/1", 403),
    ]


def _settings(decision: Decision, address: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The adapter's settings, with the file as it is mounted."""
    ((name, text),) = decision.bindings[1]["data"].items()
    file = directory / name
    file.write_text(text)
    return {"requests": {"bindings_file": str(file), **address}}


def _decided(mesh: Mesh, beside: Path, namespace: str, bound: dict[str, str]) -> Decision:
    """What the controller decides about these objects, all of them in one namespace."""
    kinds = {(r.group, r.kind): r for r in read_for(mesh)}
    found = []
    for content in yaml.safe_load_all(beside.read_text()):
        group = content["apiVersion"].rpartition("/")[0]
        if resource := kinds.get((group, content["kind"])):
            found.append((resource, content))
    found += [binding(f"api-{api_id}", target, apiId=api_id) for api_id, target in bound.items()]
    if mesh == "istio":
        found += [service("ingress", selector=_GATEWAY_LABELS), service("orders")]
    for _, content in found:
        made = {"uid": content["metadata"]["name"], "creationTimestamp": _MADE}
        content["metadata"] = made | content["metadata"] | {"namespace": namespace}
    cluster, chosen = Cluster.of(found), options(mesh, token=TOKEN)
    return decide(cluster, chosen, judge(cluster, chosen), {}, {})
