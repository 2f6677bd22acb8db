"""The paths of the Kubernetes API."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from adapter.controller.core.resources import Key, Resource


def collection(
    resource: Resource, namespace: str | None, query: Mapping[str, str | int] | None = None
) -> str:
    """All objects of a resource, in one namespace or in all."""
    place = f"/namespaces/{quote(namespace, safe='')}" if namespace else ""
    return f"{_root(resource)}{place}/{resource.plural}{_query(query)}"


def one(key: Key, query: Mapping[str, str | int] | None = None, part: str = "") -> str:
    """One object, or a part of it such as `/status`."""
    return f"{collection(key.resource, key.namespace)}/{quote(key.name, safe='')}{part}" + _query(
        query
    )


def _root(resource: Resource) -> str:
    group = f"/apis/{resource.group}" if resource.group else "/api"
    return f"{group}/{resource.version}"


def _query(query: Mapping[str, str | int] | None) -> str:
    return f"?{urlencode(query)}" if query else ""
