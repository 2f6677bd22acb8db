"""The objects to apply: what the renderers wrote, with the labels of the controller."""

import json
from collections.abc import Iterable
from typing import Final

from adapter.controller.core.options import MeshOptions
from adapter.controller.core.resources import CONFIG_MAP, Key, key_of
from adapter.envoy_config.mesh.document import OBJECTS_FILE, SETTINGS_FILE, Document
from adapter.envoy_config.parts.tree import Tree
from adapter.settings.environment import variable

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
PROGRAM: Final = "policy-adapter-controller"
CONTROLLER: Final = "policy-adapter.dev/controller"
_NAMESPACE: Final = "policy-adapter.dev/adapter-namespace"
LONGEST_SETTING: Final = 120_000
"""In bytes. Linux starts no program with an environment variable of 128 KiB."""


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


def settings_object(options: MeshOptions, documents: Iterable[Document]) -> tuple[Key, Tree]:
    """The ConfigMap with the adapter's settings, as the adapter's environment variables.

    It overrides what the adapter's file says about bindings and the client's address, also if no
    ApiBinding is accepted.
    """
    groups: list[Tree] = [{"requests": {"bindings": [], **options.client_address}}]
    groups += [document.content for document in documents if document.file == SETTINGS_FILE]
    variables = {
        variable(f"{group}.{name}"): value if isinstance(value, str) else json.dumps(value)
        for content in groups
        for group, settings in content.items()
        for name, value in settings.items()
    }
    key = Key(CONFIG_MAP, options.adapter.namespace, options.settings_name)
    metadata = {"name": key.name, "namespace": key.namespace, "labels": labels_of(options)}
    content = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": variables}
    return key, content


def is_too_long(settings: Tree) -> bool:
    """Whether a variable of the ConfigMap is longer than an environment can hold."""
    return any(len(value.encode()) > LONGEST_SETTING for value in settings["data"].values())
