"""Applies an EnvoyFilter's patches, as istiod does."""

from collections.abc import Iterator
from typing import Any

from tests.rig.imitations.parts import MANAGER, merged

_CONTEXTS = {
    "gateway": ({"GATEWAY"}, {"GATEWAY"}),
    "sidecar": ({"SIDECAR_INBOUND"}, {"SIDECAR_OUTBOUND"}),
    "waypoint": ({"SIDECAR_INBOUND", "ANY"}, {"ANY"}),
}
"""For each kind of Envoy, the contexts of its listeners and of the adapter's cluster."""


def apply(patch: dict[str, Any], bootstrap: dict[str, Any], kind: str) -> None:
    """Change the configuration. Raises an error if there is nothing that the patch matches."""
    place, match = patch["applyTo"], patch["match"]
    contexts = _CONTEXTS[kind][place == "CLUSTER"]
    found = list(_found(place, match, bootstrap)) if match["context"] in contexts else []
    if not found:
        raise LookupError(f"no {place} for {match}")
    for members, index in found:
        if patch["patch"]["operation"] == "INSERT_BEFORE":
            members.insert(index, patch["patch"]["value"])
        else:
            members[index] = merged(members[index], patch["patch"]["value"])


def _found(
    place: str, match: dict[str, Any], bootstrap: dict[str, Any]
) -> Iterator[tuple[list[Any], int]]:
    """Each list with a member that matches, and the member's index."""
    resources = bootstrap["static_resources"]
    if place == "CLUSTER":
        wanted = match["cluster"]
        name = f"outbound|{wanted['portNumber']}||{wanted['service']}"
        yield from _named(resources["clusters"], name)
        return
    host = match.get("routeConfiguration", {}).get("vhost", {})
    chain = match.get("listener", {}).get("filterChain", {}).get("filter", {})
    for filters in _filters(resources, match.get("listener", {}).get("portNumber")):
        if place == "NETWORK_FILTER":
            yield from _named(filters, chain["name"])
        for manager in (f["typed_config"] for f in filters if f["name"] == MANAGER):
            hosts = manager["route_config"]["virtual_hosts"]
            if place == "HTTP_FILTER":
                yield from _named(manager["http_filters"], chain["subFilter"]["name"])
            elif place == "VIRTUAL_HOST":
                yield from _named(hosts, host.get("name"))
            elif place == "HTTP_ROUTE":
                for each in hosts:
                    yield from _named(each["routes"], host["route"]["name"])


def _filters(resources: dict[str, Any], port: int | None) -> Iterator[list[Any]]:
    for listener in resources["listeners"]:
        if port is None or listener["name"].endswith(f"_{port}"):
            for chain in listener["filter_chains"]:
                yield chain["filters"]


def _named(members: list[Any], name: str | None) -> Iterator[tuple[list[Any], int]]:
    """Those of this name; without one, all."""
    for index, member in enumerate(list(members)):
        if name is None or member["name"] == name:
            yield members, index
