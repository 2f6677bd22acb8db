"""Turns a dump of Anypoint Service Mesh's objects into ApiBindings.

    items = convert(documents)

Anypoint Service Mesh kept its adapters, APIs and bindings as objects of the Kubernetes Service
Catalog. `docs/mesh/from-anypoint-service-mesh.md` says what becomes of each.
"""

from adapter.anypoint_service_mesh.conversion import convert
from adapter.anypoint_service_mesh.item import Item, report

__all__ = ["Item", "convert", "report"]
