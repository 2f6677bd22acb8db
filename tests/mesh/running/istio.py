"""Runs the real istiod without Kubernetes, and sends requests through Envoys that it configures."""

from pathlib import Path
from typing import Any, Final

import yaml

from support.upstream import ECHO
from tests.mesh.examples import TOKEN
from tests.mesh.running.guides import parts_of
from tests.mesh.running.istiod import envoy_of_istio, running_istiod
from tests.mesh.running.requests import Case, send_all, until_served
from tests.mesh.running.site import Site, running_site
from tests.rig.mesh_plans import rendered

_BESIDE: Final = Path(__file__).parent / "istio.yaml"
_GATEWAY: Final = "127.0.0.1:8080"
_PORT: Final = "127.0.0.1:5432"
_SIDECAR: Final = "127.0.0.1:8081"


async def run_istio(directory: Path) -> list[str]:
    """A line for each Envoy and port; raises an error if an answer is not as it should be."""
    return await _run(directory, None)


async def run_istio_with_token(directory: Path) -> list[str]:
    """The same with a token, for which the access log is part of the EnvoyFilter."""
    return await _run(directory, TOKEN)


async def _run(directory: Path, token: str | None) -> list[str]:
    documents = [d.content for d in rendered("istio", token=token)]
    mesh = "Istio, token" if token else "Istio, Telemetry"
    async with (
        running_site(documents[0], directory, {"token": token} if token else {}) as site,
        running_istiod(_mesh_config(documents[1]), _objects(documents[2:], site), directory),
    ):
        async with envoy_of_istio("router", {"istio": "ingressgateway"}, directory):
            await until_served(_GATEWAY, "files.test", "/files/1")
            lines = [
                await send_all(f"{mesh}, gateway", _GATEWAY, _gateway_cases(site), site),
                await site.spans.joined(f"{mesh}, gateway", len(_gateway_cases(site))),
                await send_all(f"{mesh}, port without HTTP", _PORT, _PORT_CASES, site),
            ]
        async with envoy_of_istio("sidecar", {"app": "orders"}, directory):
            await until_served(_SIDECAR, "orders.shop")
            return [*lines, await send_all(f"{mesh}, sidecar", _SIDECAR, _SIDECAR_CASES, site)]


_PORT_CASES: Final = [Case("", "", 0, "database")]
_SIDECAR_CASES: Final = [
    Case("orders.shop", "/1", 200, "workload"),
    Case("files.test", "/files/1", 200, "workload"),
]
"""Whatever host a client names, the workload's API decides."""


def _gateway_cases(site: Site) -> list[Case]:
    return [
        Case("shop.test", "/orders/1", 401, "orders"),
        Case("shop.test", "/orders/1", 200, "orders", site.credentials),
        Case("greeter.test", ECHO, 200, "greeter"),
        Case("shop.test", "/users/1", 200, "users"),
        Case("files.test", "/files/1", 200, "files"),
        Case("files.test", "/other", 403),
        Case("shop.test", "/other", 403),
        Case("shop.test", "/users;x/1", 400, "users"),
    ]


def _mesh_config(document: dict[str, Any]) -> dict[str, Any]:
    """With the collector of the guide."""
    rendered_providers = document["meshConfig"]["extensionProviders"]
    providers, _ = parts_of("istio.md")
    return {"extensionProviders": [*rendered_providers, *providers["extensionProviders"]]}


def _objects(objects: list[Any], site: Site) -> str:
    services = [
        _service("policy-adapter", "adapter", 9001, "grpc", site.adapter),
        _service("service", "shop", 8080, "http", site.service),
        _service("greeter", "shop", 8080, "grpc", site.grpc_service),
        _service("database", "shop", 5432, "tcp", site.service),
        _service("collector", "observability", 4317, "grpc", site.spans.address),
    ]
    _, telemetry = parts_of("istio.md")
    rendered_ones = [o for o in objects if o["kind"] == "Telemetry"]
    own = [] if rendered_ones else [telemetry]
    for content in rendered_ones:
        content["spec"]["tracing"] = telemetry["spec"]["tracing"]
    beside = list(yaml.safe_load_all(_BESIDE.read_text()))
    return yaml.safe_dump_all([*beside, *services, *own, _inbound(site), *objects])


def _service(name: str, namespace: str, port: int, protocol: str, address: str) -> dict[str, Any]:
    host, _, target = address.rpartition(":")
    ports = [
        {"number": port, "name": protocol, "protocol": protocol.upper(), "targetPort": int(target)}
    ]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "ServiceEntry",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "hosts": [f"{name}.{namespace}.svc.cluster.local"],
            "location": "MESH_INTERNAL",
            "resolution": "STATIC",
            "ports": ports,
            "endpoints": [{"address": host}],
        },
    }


def _inbound(site: Site) -> dict[str, Any]:
    """The listener of the workload's sidecar, where no rules of the kernel redirect connections."""
    port = {"number": int(_SIDECAR.rpartition(":")[2]), "name": "http", "protocol": "HTTP"}
    ingress = [{"port": port, "bind": "127.0.0.1", "defaultEndpoint": site.service}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": "orders", "namespace": "shop"},
        "spec": {
            "workloadSelector": {"labels": {"app": "orders"}},
            "ingress": ingress,
            "egress": [{"hosts": ["adapter/*", "shop/*"]}],
        },
    }
