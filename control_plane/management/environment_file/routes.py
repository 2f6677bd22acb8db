"""Routes of an API instance in a file: with their upstreams in full, in place of ids.

Ids of upstreams belong to one API instance, so a file for another one could not name them.
"""

from typing import Any

from control_plane.management.routing import OF_UPSTREAM
from control_plane.store.tables import ApiInstance


def stored_routes(api: ApiInstance) -> list[dict[str, Any]] | None:
    """The routes, as `routing.to_store` takes them; None if there are none, or they are damaged."""
    if not isinstance(api.routing, list) or not api.routing:
        return None
    known = {upstream.uid: upstream for upstream in api.upstreams}
    return [
        {
            "label": route.get("label"),
            "rules": route.get("rules"),
            "upstreams": [
                {name: getattr(known[named["id"]], name) for name in OF_UPSTREAM}
                | {"weight": named["weight"]}
                for named in route["upstreams"]
                if named["id"] in known
            ],
        }
        for route in api.routing
    ]


def routes_member(routes: Any) -> dict[str, Any]:
    """The member `routing` of a document; none without routes."""
    if routes is None:
        return {}
    return {
        "routing": [
            _said({**route, "upstreams": [_upstream(each) for each in route["upstreams"]]})
            for route in routes
        ]
    }


def _upstream(upstream: dict[str, Any]) -> dict[str, Any]:
    tls = {"tlsContext": upstream["tls_context"]}
    return _said({name: upstream[name] for name in ("label", "uri", "weight")} | tls)


def _said(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
