"""Objects as Anypoint Service Mesh kept them, and what becomes of them."""

from typing import Any

import yaml

from adapter.anypoint_service_mesh import Item, convert
from adapter.settings.yaml_text import read_yaml_texts

SECRET = "never-printed"


def catalog_object(kind: str, name: str, purpose: str, **spec: Any) -> dict[str, Any]:
    """An object in namespace shop."""
    labels = {"service-mesh.mulesoft.com/kind": purpose}
    return {
        "apiVersion": "servicecatalog.k8s.io/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "spec": spec,
    }


def adapter(**spec: Any) -> dict[str, Any]:
    """An adapter with credentials among its parameters."""
    parameters = {"clientId": "shop", "clientSecret": SECRET, "replication": {"replicas": 3}}
    more = {"clusterServicePlanExternalName": "small", "parameters": parameters, **spec}
    return catalog_object("ServiceInstance", "mesh-adapter", "adapter", **more)


def api(**parameters: Any) -> dict[str, Any]:
    """An API that was made on the platform."""
    named = {"environmentId": "e-1", "assetId": "orders", "version": "1.0", "clientSecret": SECRET}
    return catalog_object("ServiceInstance", "orders-api", "api", parameters=named | parameters)


def by_id(
    name: str = "orders", instance: str = "mesh-adapter", **parameters: Any
) -> dict[str, Any]:
    """A binding of a Service to the id of an API."""
    return catalog_object(
        "ServiceBinding",
        name,
        "adapter-binding",
        instanceRef={"name": instance},
        parameters={"apiId": 17, "service": "orders", **parameters},
    )


def by_api(name: str = "orders", instance: str = "orders-api", **parameters: Any) -> dict[str, Any]:
    """A binding of a Service to an API that was made on the platform."""
    return catalog_object(
        "ServiceBinding",
        name,
        "api-binding",
        instanceRef={"name": instance},
        parameters={"adapter": "mesh-adapter", "service": "orders", **parameters},
    )


def converted(*objects: Any) -> list[Item]:
    """What becomes of objects that someone has dumped to a file."""
    return convert(read_yaml_texts(yaml.safe_dump_all(objects)))
