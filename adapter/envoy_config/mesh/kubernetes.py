"""The building blocks of Kubernetes objects."""

from typing import Final

from adapter.envoy_config.mesh.config import NAME
from adapter.envoy_config.mesh.plan import MeshEnvoy
from adapter.envoy_config.parts.tree import Tree

GATEWAY_API: Final = "gateway.networking.k8s.io"


def kubernetes_object(api_version: str, kind: str, name: str, namespace: str, spec: Tree) -> Tree:
    """One object."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def name_for(envoy: MeshEnvoy) -> str:
    """The name of an object about this Envoy."""
    return f"{NAME}-{envoy.name}"


def reference(kind: str, name: str, group: str = GATEWAY_API) -> Tree:
    """A reference to an object in the same namespace."""
    return {"group": group, "kind": kind, "name": name}


def reference_grant(namespace: str, name: str, source: Tree, target: Tree) -> Tree:
    """Lets objects of another namespace refer to an object of this one."""
    spec = {"from": [source], "to": [target]}
    return kubernetes_object(f"{GATEWAY_API}/v1beta1", "ReferenceGrant", name, namespace, spec)
