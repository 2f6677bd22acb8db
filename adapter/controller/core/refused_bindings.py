"""What refused ApiBindings protect goes on being protected, so that a mistake opens nothing.

An Envoy without an accepted ApiBinding keeps its objects. At an Envoy that has one, the parts of
targets that a refused ApiBinding names get an API that does not exist, and ports that were checked
are checked further.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from adapter.controller.core.attachment import envoy_key
from adapter.controller.core.binding import BindingKey, EnvoyKey
from adapter.controller.core.checked_ports import with_ports_of
from adapter.controller.core.judgement import Judged
from adapter.controller.core.planning import Wanted
from adapter.controller.core.refusal import CONFLICTED, OTHER_MESH
from adapter.controller.core.resources import Key
from adapter.envoy_config.parts.tree import Tree

NO_API: Final = "refused-apibinding"
"""The platform has no API with this id, so the adapter refuses its requests."""


def kept_namespaces(judged: Iterable[Judged], accepted: Collection[BindingKey]) -> frozenset[str]:
    """The namespaces of this mesh's Envoys that have ApiBindings, none of which is accepted.

    Which Envoys are behind missing targets, the status of the ApiBinding remembers.
    """
    asking: set[EnvoyKey] = set()
    refused: set[EnvoyKey] = set()
    for one in judged:
        if one.refusal is not None and one.refusal.reason == OTHER_MESH:
            continue
        envoys = {envoy_key(attachment.envoy) for attachment in one.attachments}
        if one.binding.key in accepted:
            asking |= envoys
        else:
            refused |= envoys | one.binding.known_envoys
    return frozenset(envoy.namespace for envoy in refused - asking)


def closed_parts(refused: Iterable[Judged], wanted: Iterable[Wanted]) -> Iterator[Wanted]:
    """Parts of targets that are not left to the ApiBinding of the whole target.

    Only at Envoys that ask about them anyway.
    """
    asking = {
        envoy_key(attachment.envoy)
        for one, _ in wanted
        for attachment in one.attachments
        if attachment.place.port is None
    }
    for one in refused:
        parts = [c for c in one.attachments if c.is_specific and envoy_key(c.envoy) in asking]
        if parts:
            yield Wanted(replace(one, attachments=tuple(parts)), NO_API)


def with_checked_ports(
    objects: Mapping[Key, Tree], live: Mapping[Key, Tree], refused: Iterable[Judged]
) -> dict[Key, Tree]:
    """The objects, whose ports without an API now are checked as in the `live` objects."""
    namespaces = {one.binding.key.namespace for one in refused}
    return {
        key: with_ports_of(live[key], content)
        if key.namespace in namespaces and key in live
        else content
        for key, content in objects.items()
    }


def is_keeping(one: Judged) -> bool:
    """Whether a refused ApiBinding protects its targets. In a conflict, another one does that."""
    return one.refusal is None or one.refusal.reason != CONFLICTED
