"""What an operator of Istio has beside the rendered objects, without Kubernetes."""

from pathlib import Path
from typing import Any, Final

import yaml

from tests.mesh.running.guides import parts_of
from tests.mesh.running.site import Site

SIDECARS: Final = {"orders": "127.0.0.1:8081", "ledger": "127.0.0.1:8082"}
"""The addresses of workloads' sidecars. Clients of the second need mutual TLS."""
BESIDE: Final = Path(__file__).parent / "istio.yaml"


def mesh_config(document: dict[str, Any]) -> dict[str, Any]:
    """With the collector of the guide."""
    rendered_providers = document["meshConfig"]["extensionProviders"]
    providers, _ = parts_of("istio.md")
    return {"extensionProviders": [*rendered_providers, *providers["extensionProviders"]]}


def objects_beside(rendered: list[Any], site: Site) -> str:
    """The rendered objects, and all others, as YAML."""
    services = [
        _service("policy-adapter", "adapter", 9001, "grpc", site.adapter),
        _service("service", "shop", 8080, "http", site.service),
        _service("greeter", "shop", 8080, "grpc", site.grpc_service),
        _service("database", "shop", 5432, "tcp", site.service),
        _service("collector", "observability", 4317, "grpc", site.spans.address),
    ]
    _, telemetry = parts_of("istio.md")
    rendered_ones = [o for o in rendered if o["kind"] == "Telemetry"]
    own = [] if rendered_ones else [telemetry]
    for content in rendered_ones:
        content["spec"]["tracing"] = telemetry["spec"]["tracing"]
    inbound = [_inbound(name, address, site) for name, address in SIDECARS.items()]
    beside = list(yaml.safe_load_all(BESIDE.read_text()))
    return yaml.safe_dump_all([*beside, *services, *own, *inbound, *rendered])


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


def _inbound(name: str, address: str, site: Site) -> dict[str, Any]:
    """The listener of a workload's sidecar, where no rules of the kernel redirect connections."""
    port = {"number": int(address.rpartition(":")[2]), "name": "http", "protocol": "HTTP"}
    ingress = [{"port": port, "bind": "127.0.0.1", "defaultEndpoint": site.service}]
    return {
        "apiVersion": "networking.istio.io/v1",
        "kind": "Sidecar",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "workloadSelector": {"labels": {"app": name}},
            "ingress": ingress,
            "egress": [{"hosts": ["adapter/*", "shop/*"]}],
        },
    }
