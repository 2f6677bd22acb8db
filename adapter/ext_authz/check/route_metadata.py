# mypyc: compiled
"""The route of a Check, as the mesh's control plane wrote it into the route's metadata."""

from functools import lru_cache
from typing import Final

from google.protobuf.message import DecodeError

from adapter.messages.check_pb2 import Metadata

_LONGEST_KEPT: Final = 2_048
"""Annotations of a route can make its metadata long."""
_KEPT: Final = 4_096


def route_of(octets: bytes) -> str | None:
    """The route in an encoded `Metadata`; None if it does not parse.

    It is kept, because all requests of a route have the same metadata, and parsing it takes as long
    as a decision. Clients choose none of it.
    """
    return _kept(octets) if len(octets) <= _LONGEST_KEPT else _parsed(octets)


def route_in(metadata: Metadata) -> str:
    """The route; empty if the metadata names none.

    From Envoy Gateway: `kind/namespace/name` of the first resource under `envoy-gateway`, such as
    `HTTPRoute/default/orders`, with `#rule` if the rule has a name. From Istio: the text of
    `config` under `istio`.
    """
    namespaces = metadata.filter_metadata
    if not namespaces:
        return ""
    if "envoy-gateway" in namespaces:
        resources = namespaces["envoy-gateway"].fields["resources"].list_value.values
        if not resources:
            return ""
        resource = resources[0].struct_value.fields
        route = "/".join(resource[key].string_value for key in ("kind", "namespace", "name"))
        rule = resource["sectionName"].string_value
        return f"{route}#{rule}" if rule else route
    if "istio" in namespaces:
        return namespaces["istio"].fields["config"].string_value
    return ""


def _parsed(octets: bytes) -> str | None:
    try:
        return route_in(Metadata.FromString(octets))
    except DecodeError:
        return None


_kept = lru_cache(maxsize=_KEPT)(_parsed)
