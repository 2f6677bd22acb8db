"""ServiceInstances: adapters, and APIs that Anypoint Service Mesh made on the platform."""

from collections.abc import Iterator, Mapping
from typing import Final

from adapter.anypoint_service_mesh.catalog import CatalogObject, Key
from adapter.anypoint_service_mesh.item import Item

_PLANS: Final = {
    "small": "0.5 CPU and 1 GiB for up to 25 APIs",
    "medium": "1 CPU and 1.5 GiB for up to 50 APIs",
    "large": "2 CPUs and 2 GiB for up to 100 APIs",
}
_DEFAULT_REPLICAS: Final = 2
_CREDENTIALS: Final = ("clientId", "clientSecret")
_API: Final = {"groupId": False, "assetId": True, "version": True, "instanceLabel": False}
"""The parameters that name an API instance, and whether each is required."""
_LONGEST: Final = 255


def item(subject: CatalogObject, dump: Mapping[Key, CatalogObject]) -> Item:
    """An instance makes no ApiBinding by itself, so it is never exact."""
    if subject.purpose == "adapter":
        return Item(subject.source, "approximated", tuple(_adapter_notes(subject)))
    if refusals := tuple(api_faults(subject)):
        return Item(subject.source, "refused", refusals)
    namespace, name = subject.key[1:]
    if not any(_is_binding_of(each, namespace, name) for each in dump.values()):
        note = "no ServiceBinding names it, so nothing is bound to it; it stays on the platform"
        return Item(subject.source, "refused", (note,))
    return Item(subject.source, "approximated", tuple(_api_notes(subject)))


def api_of(subject: CatalogObject) -> dict[str, str]:
    """The API instance by its asset, as an ApiBinding names it. Call it without `api_faults`."""
    given = subject.parameters
    return {name: given[name] for name in _API if given.get(name) is not None}


def api_faults(subject: CatalogObject) -> Iterator[str]:
    """Why no ApiBinding can name this API."""
    for name, is_needed in _API.items():
        value = subject.parameters.get(name)
        if value is None:
            if is_needed:
                yield f"spec.parameters.{name}: is missing; add it"
        elif not isinstance(value, str) or not 0 < len(value) <= _LONGEST:
            yield f"spec.parameters.{name}: must be text of 1 to {_LONGEST} characters"


def _is_binding_of(each: CatalogObject, namespace: str, name: str) -> bool:
    instance = each.spec.instance_ref
    names_it = instance is not None and instance.name == name
    return each.kind == "ServiceBinding" and each.metadata.namespace == namespace and names_it


def _adapter_notes(subject: CatalogObject) -> Iterator[str]:
    replication = subject.parameters.get("replication")
    given = replication.get("replicas") if isinstance(replication, dict) else None
    replicas = given if str(given).isdecimal() else _DEFAULT_REPLICAS
    size = _PLANS.get(subject.plan)
    yield (
        f"install an adapter in its place, with {replicas} replicas; one adapter can serve all "
        "namespaces" + (f". The plan {subject.plan} was {size}" if size else "")
    )
    yield (
        "make its Secret: kubectl create secret generic policy-adapter "
        "--from-literal=client_id=... --from-literal=client_secret=... with the credentials of the "
        "environment"
    )
    yield from _credential_notes(subject)
    yield from other_parameters(subject, *_CREDENTIALS, "replication")


def _api_notes(subject: CatalogObject) -> Iterator[str]:
    if environment := subject.parameters.get("environmentId"):
        yield f"the controller must log in to its environment, {environment}"
    if subject.parameters.get("tags"):
        yield "its tags are not converted; the platform keeps those that it has"
    yield "the controller uses its own credentials, not those of this object"
    yield from _credential_notes(subject)
    yield from other_parameters(subject, *_CREDENTIALS, *_API, "environmentId", "tags")


def _credential_notes(subject: CatalogObject) -> Iterator[str]:
    if inline := [name for name in _CREDENTIALS if name in subject.parameters]:
        names = " and ".join(f"spec.parameters.{name}" for name in inline)
        yield f"{names}: not printed, but anyone who can read the dump can read it"
    for secret in subject.secrets:
        yield f"its credentials are in the Secret {secret.name}, key {secret.key}, as JSON"


def other_parameters(subject: CatalogObject, *known: str) -> Iterator[str]:
    """Notes about parameters that nobody converts; only their names, because of credentials."""
    for name in subject.parameters:
        if name not in known:
            yield f"spec.parameters.{name}: is not converted"
