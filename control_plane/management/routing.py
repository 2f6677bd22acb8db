"""Routes of an API instance, which name its upstreams.

A client may write a new upstream into a route: `{"uri": "http://a.test", "weight": 100}`. It
becomes an upstream of the API instance, with an id. The route keeps that id and the weight.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from control_plane.errors import Invalid
from control_plane.management import upstreams
from control_plane.management.transaction import Transaction
from control_plane.store.tables import ApiInstance, Upstream

Route: TypeAlias = Mapping[str, Any]
"""A label, rules and upstreams; what was not said is missing."""

OF_UPSTREAM: Final = ("uri", "label", "tls_context")
"""The columns that a client gives an upstream."""


def to_store(
    transaction: Transaction, api: ApiInstance, routes: Sequence[Route]
) -> list[dict[str, Any]]:
    """The routes with the ids of their upstreams. Upstreams are added and changed as they say.

    Raise Invalid if a route names an upstream that the API instance does not have.
    """
    return [
        {
            **route,
            "upstreams": [
                _to_store(transaction, api, given, f"routing.{index}.upstreams.{place}")
                for place, given in enumerate(route.get("upstreams") or ())
            ],
        }
        for index, route in enumerate(routes)
    ]


def _to_store(
    transaction: Transaction, api: ApiInstance, given: Mapping[str, Any], place: str
) -> dict[str, Any]:
    upstream = save(transaction, api, given, place)
    return {"id": upstream.uid, "weight": given.get("weight", 100)}


def renamed(routes: Sequence[Route], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Stored routes of another API instance, with the ids that the upstreams have here."""
    return [
        {
            **route,
            "upstreams": [named | {"id": ids[named["id"]]} for named in route["upstreams"]],
        }
        for route in routes
    ]


def save(
    transaction: Transaction, api: ApiInstance, given: Mapping[str, Any], place: str
) -> Upstream:
    """The upstream that a client means, added or changed as it says. `place` is for messages."""
    columns = {name: given[name] for name in OF_UPSTREAM if name in given}
    known = upstreams.of_api(transaction.session, api.id)
    if given.get("id"):
        named = [upstream for upstream in known if upstream.uid == given["id"]]
        if not named:
            raise Invalid(f"{place}.id: API instance {api.id} has no upstream {given['id']}")
        return upstreams.change(transaction, named[0], columns)
    if not given.get("uri"):
        raise Invalid(f"{place}: an upstream needs an id, or the uri of a new one")
    same = (
        upstream
        for upstream in known
        if all(getattr(upstream, name) == given.get(name) for name in OF_UPSTREAM)
    )
    return next(same, None) or upstreams.create(transaction, api, columns)
