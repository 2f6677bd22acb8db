"""Services whose pods have sidecars: the sidecars ask about requests to them."""

from adapter.controller.core.attachment import Attachment, make_attachment, make_envoy
from adapter.controller.core.binding import TargetRef
from adapter.controller.core.cluster import Cluster
from adapter.controller.core.options import MeshOptions
from adapter.controller.core.refusal import (
    INVALID,
    TARGET_NOT_FOUND,
    UNSUPPORTED_TARGET,
    RefusedError,
)
from adapter.controller.core.resources import SERVICE
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree


def attachments(
    cluster: Cluster, _: MeshOptions, service: Tree, ref: TargetRef
) -> list[Attachment]:
    """All requests to the workload, or those to one port."""
    ports = service.get("spec", {}).get("ports") or []
    if not ports:
        raise RefusedError(INVALID, f"{ref}: the Service has no ports; add the one of the API")
    envoy = _envoy(cluster, service, ref)
    if not ref.section_name:
        return [make_attachment(envoy, str(ref), is_specific=False)]
    return [make_attachment(envoy, str(ref), is_specific=True, **_port(ports, ref))]


def _envoy(cluster: Cluster, service: Tree, ref: TargetRef) -> MeshEnvoy:
    labels = service["spec"].get("selector") or {}
    namespace = service["metadata"]["namespace"]
    if not labels:
        raise RefusedError(
            UNSUPPORTED_TARGET,
            f"{ref}: the Service has no selector, so it has no pods with sidecars; bind a route",
        )
    # Services that select the same pods are one workload, with the first of their names.
    name = next(
        other["metadata"]["name"]
        for other in cluster.selecting(SERVICE, labels)
        if other["metadata"]["namespace"] == namespace
    )
    return make_envoy("sidecar", f"service-{name}", namespace, labels=labels)


def _port(ports: list[Tree], ref: TargetRef) -> dict[str, int]:
    """The port of the pods, and that of the Service."""
    port = next((p for p in ports if p.get("name") == ref.section_name), None)
    if port is None:
        named = [p["name"] for p in ports if "name" in p]
        raise RefusedError(TARGET_NOT_FOUND, f"{ref}: no port has this name; its ports: {named}")
    target = port.get("targetPort", port["port"])
    if not isinstance(target, int):
        raise RefusedError(
            UNSUPPORTED_TARGET,
            f"{ref}: its targetPort {target!r} is the name of a port of the pods, whose number "
            "the Service does not say; write the number, or bind the whole Service",
        )
    return {"port": target, "service_port": port["port"]}
