"""What becomes of each object of Anypoint Service Mesh."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from adapter.anypoint_service_mesh import bindings, instances
from adapter.anypoint_service_mesh.catalog import (
    KIND_LABEL,
    PURPOSES,
    CatalogObject,
    Key,
    read_objects,
)
from adapter.anypoint_service_mesh.item import Item


def convert(documents: Iterable[Any]) -> list[Item]:
    """An item for each object in the documents, in their order.

    Scalars are text or null, as `settings.yaml_text` reads them, so that the id 0123 stays 0123.
    """
    read = list(read_objects(documents))
    objects = [each for each in read if isinstance(each, CatalogObject)]
    times = Counter(each.key for each in objects)
    refused = {id(each): tuple(_refusals(each, times)) for each in objects}
    dump = {each.key: each for each in objects if not refused[id(each)]}
    return [
        each if isinstance(each, Item) else _item(each, refused[id(each)], dump) for each in read
    ]


def _item(
    subject: CatalogObject, refusals: tuple[str, ...], dump: Mapping[Key, CatalogObject]
) -> Item:
    if refusals:
        return Item(subject.source, "refused", refusals)
    if subject.kind == "ServiceInstance":
        return instances.item(subject, dump)
    return bindings.item(subject, dump)


def _refusals(subject: CatalogObject, times: Mapping[Key, int]) -> Iterator[str]:
    """What is wrong with any object."""
    if times[subject.key] > 1:
        yield "is more than once in the dump; keep the right one"
    if subject.metadata.deletion_timestamp is not None:
        yield "is being deleted; leave it out of the dump"
    purposes = PURPOSES[subject.kind]
    if subject.purpose not in purposes:
        yield (
            f"is not of Anypoint Service Mesh: its label {KIND_LABEL} is not "
            f"{' or '.join(purposes)}; leave it out of the dump"
        )
