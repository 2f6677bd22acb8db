"""The objects to apply: what the renderers wrote, with the labels of the controller."""

import json
from collections.abc import Iterable
from typing import Final

from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import CONFIG_MAP, Key, key_of
from adapter.envoy_config.mesh.document import OBJECTS_FILE, SETTINGS_FILE, Document
from adapter.envoy_config.parts.tree import Tree

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PROGRAM: Final = "policy-adapter-controller"
CONTROLLER: Final = "policy-adapter.dev/controller"
_NAMESPACE: Final = "policy-adapter.dev/adapter-namespace"
BINDINGS_FILE: Final = "bindings.yaml"
"""The key of the ConfigMap, which is the file's name where the ConfigMap is mounted."""
LONGEST_FILE: Final = 1_000_000
"""In bytes. Kubernetes keeps no ConfigMap of more than 1 MiB."""


def labels_of(options: MeshOptions) -> dict[str, str]:
    """The labels of everything that this controller makes.

    A controller removes what has its labels and is not wanted. So they have the namespace, too:
    two installations in one cluster often have the same name.
    """
    return {
        MANAGED_BY: PROGRAM,
        CONTROLLER: options.controller,
        _NAMESPACE: options.adapter.namespace,
    }


def selector_of(options: MeshOptions) -> str:
    """Finds everything with these labels."""
    return ",".join(f"{name}={value}" for name, value in labels_of(options).items())


def mesh_objects(options: MeshOptions, documents: Iterable[Document]) -> dict[Key, Tree]:
    """The objects of the mesh, in the order in which they are applied."""
    found = {}
    for document in documents:
        if document.file == OBJECTS_FILE:
            content = document.content
            metadata = {**content["metadata"], "labels": labels_of(options)}
            found[key_of(options.mesh, content)] = {**content, "metadata": metadata}
    return found


def bindings_object(options: MeshOptions, documents: Iterable[Document]) -> tuple[Key, Tree]:
    """The ConfigMap with the adapter's bindings, as the file of `requests.bindings_file`."""
    rows = [
        row
        for document in documents
        if document.file == SETTINGS_FILE
        for row in document.content["requests"].get("bindings", [])
    ]
    key = Key(CONFIG_MAP, options.adapter.namespace, options.bindings_name)
    metadata = {"name": key.name, "namespace": key.namespace, "labels": labels_of(options)}
    data = {BINDINGS_FILE: _text(rows)}
    return key, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def is_too_long(bindings: Tree) -> bool:
    """Whether the file is longer than a ConfigMap can hold."""
    return len(bindings["data"][BINDINGS_FILE].encode()) > LONGEST_FILE


def _text(rows: Iterable[Tree]) -> str:
    """A line for each binding, so that people can compare two versions. JSON is YAML, too."""
    return "".join(f"- {json.dumps(row)}\n" for row in rows) or "[]\n"
