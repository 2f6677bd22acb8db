"""ServiceBindings: a Service, and the API whose policies apply to it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapter.anypoint_service_mesh.catalog import CatalogObject, Key
from adapter.anypoint_service_mesh.instances import api_faults, api_of, other_parameters
from adapter.anypoint_service_mesh.item import Item

_SERVICE: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_API_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,63}")
_MISSING: Final = "is not in the dump, or has another purpose"


def item(subject: CatalogObject, dump: Mapping[Key, CatalogObject]) -> Item:
    """The ApiBinding with the name of the ServiceBinding, or why there is none."""
    instance = _instance(subject, dump)
    if refusals := (*_service_faults(subject, dump), *_instance_faults(subject, instance)):
        return Item(subject.source, "refused", refusals)
    notes = tuple(_notes(subject, dump, instance))
    binding = {
        "apiVersion": "policy-adapter.dev/v1alpha1",
        "kind": "ApiBinding",
        "metadata": {"name": subject.metadata.name, "namespace": subject.metadata.namespace},
        "spec": {
            **_api(subject, instance),
            "targetRefs": [{"group": "", "kind": "Service", "name": subject.parameters["service"]}],
        },
    }
    return Item(subject.source, "approximated" if notes else "exact", notes, binding)


def _api(subject: CatalogObject, instance: CatalogObject | None) -> dict[str, Any]:
    if _names_id(subject) or instance is None:
        return {"apiId": subject.parameters["apiId"]}
    return {"api": api_of(instance)}


def _names_id(subject: CatalogObject) -> bool:
    return subject.purpose == "adapter-binding"


def _instance(subject: CatalogObject, dump: Mapping[Key, CatalogObject]) -> CatalogObject | None:
    """The adapter or the API that the binding names, if it is what the binding needs."""
    name = subject.spec.instance_ref.name if subject.spec.instance_ref else ""
    return _found(name, subject, dump, "adapter" if _names_id(subject) else "api")


def _found(
    name: object, subject: CatalogObject, dump: Mapping[Key, CatalogObject], purpose: str
) -> CatalogObject | None:
    found = dump.get(("ServiceInstance", subject.metadata.namespace, str(name)))
    return found if found is not None and found.purpose == purpose else None


def _service_faults(subject: CatalogObject, dump: Mapping[Key, CatalogObject]) -> Iterator[str]:
    service = subject.parameters.get("service")
    if service is None:
        yield "spec.parameters.service: is missing; add the name of the Service"
        return
    if not isinstance(service, str) or not _SERVICE.fullmatch(service):
        yield (
            "spec.parameters.service: must be the name of a Service in this namespace: at most 63 "
            "lower-case letters, digits and hyphens"
        )
        return
    others = [
        each.metadata.name
        for each in dump.values()
        if each.kind == "ServiceBinding"
        and each.metadata.namespace == subject.metadata.namespace
        and each.parameters.get("service") == service
        and each is not subject
    ]
    if others:
        yield f"the Service {service} is bound by {', '.join(others)}, too; keep one of them"


def _instance_faults(subject: CatalogObject, instance: CatalogObject | None) -> Iterator[str]:
    """What keeps the binding from naming its API."""
    if not _names_id(subject):
        if instance is None:
            yield f"its API, the ServiceInstance {_instance_name(subject)}, {_MISSING}; add it"
        elif any(api_faults(instance)):
            yield f"its API, the ServiceInstance {_instance_name(subject)}, is refused; see there"
        return
    api_id = subject.parameters.get("apiId")
    if api_id is None:
        yield "spec.parameters.apiId: is missing; add the id that the platform shows for the API"
    elif not isinstance(api_id, str) or not _API_ID.fullmatch(api_id):
        yield "spec.parameters.apiId: must be an id of at most 63 letters, digits, '.', '_' or '-'"


def _notes(
    subject: CatalogObject, dump: Mapping[Key, CatalogObject], instance: CatalogObject | None
) -> Iterator[str]:
    """What is not the same as before."""
    adapter = instance
    name = _instance_name(subject)
    known = {"apiId", "service"}
    if not _names_id(subject):
        known = {"adapter", "service"}
        name = str(subject.parameters.get("adapter"))
        adapter = _found(name, subject, dump, "adapter")
        yield (
            "names its API by the asset, and it must exist in the controller's environment. With "
            "spec.api.create: true the controller makes a new one, without the policies of the old"
        )
    if adapter is None:
        yield (
            f"its adapter, the ServiceInstance {name}, {_MISSING}. Without it the Service was not "
            "checked; now it is"
        )
    if fault := subject.fault:
        yield f"was not ready ({fault}), so the Service was not checked; now it is"
    yield from other_parameters(subject, *known)


def _instance_name(subject: CatalogObject) -> str:
    return subject.spec.instance_ref.name if subject.spec.instance_ref else "(none)"
