"""What is loaded, for the operator of this host: paged, and without any secret."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from aiohttp import web

from adapter.authorization.discovery import DiscoveredServices
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.policy.catalog import Contract
from adapter.policy.snapshot import Api

_LARGEST_PAGE = 1000
_MOST_DIGITS = 15


def inspection_routes(
    snapshots: SnapshotStore,
    discovered: DiscoveredServices,
    statuses: Mapping[str, Callable[[], Mapping[str, Any]]],
) -> list[web.RouteDef]:
    """`/apis`, `/apis/{id}`, `/apis/{id}/contracts`, `/discovered`, and one route a status."""

    def api_of(request: web.Request) -> Api:
        api = snapshots.current.apis.get(request.match_info["api_id"])
        if api is None:
            raise web.HTTPNotFound(text="no such API instance in the snapshot")
        return api

    async def apis(request: web.Request) -> web.Response:
        snapshot = snapshots.current
        page = _page(request, snapshot.apis.values(), len(snapshot.apis), _api_summary)
        return web.json_response({"revision": snapshot.revision, **page})

    async def api(request: web.Request) -> web.Response:
        return web.json_response(_api_detail(api_of(request)))

    async def contracts(request: web.Request) -> web.Response:
        api = api_of(request)
        held = api.contracts
        return web.json_response(_page(request, held.values(), len(held), partial(_contract, api)))

    async def status(request: web.Request) -> web.Response:
        return web.json_response(dict(statuses[request.path]()))

    async def services(request: web.Request) -> web.Response:
        counts = discovered.counts
        page = _page(request, counts.items(), len(counts), _service)
        return web.json_response({"left_out": discovered.left_out, **page})

    return [
        web.get("/apis", apis),
        web.get("/apis/{api_id}", api),
        web.get("/apis/{api_id}/contracts", contracts),
        web.get("/discovered", services),
        *(web.get(path, status) for path in statuses),
    ]


def _page(
    request: web.Request, items: Iterable[Any], total: int, show: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    offset, limit = _number(request, "offset", 0), _number(request, "limit", 100)
    shown = islice(items, offset, offset + min(limit, _LARGEST_PAGE))
    return {"total": total, "offset": offset, "items": [show(item) for item in shown]}


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise web.HTTPBadRequest(text=f"{name} must be a whole number, not {text[:20]!r}")
    return int(text)


def _api_summary(api: Api) -> dict[str, Any]:
    return {
        "api_id": api.instance.api_id,
        "name": api.instance.name,
        "version": api.instance.version,
        "closed": bool(api.faults),
        "policies": len(api.policies),
        "ignored_policies": list(api.ignored),
        "contracts": len(api.contracts),
    }


def _api_detail(api: Api) -> dict[str, Any]:
    return _api_summary(api) | {
        "faults": list(api.faults),
        "inspects_path": api.inspects_path,
        "policies": [
            {
                "policy_id": policy.ref.policy_id,
                "policy_type": policy.ref.policy_type,
                "pointcuts": len(policy.pointcuts),
            }
            for policy in api.policies
        ],
    }


def _contract(api: Api, contract: Contract) -> dict[str, Any]:
    tier = api.tiers.get(contract.tier_id) if contract.tier_id is not None else None
    return {
        "contract_id": contract.contract_id,
        "client_id": contract.client_id,
        "client_name": contract.client_name,
        "sla_tier": tier.name if tier else None,
        "fault": contract.fault,
    }


def _service(item: tuple[tuple[str, str], int]) -> dict[str, Any]:
    (authority, route), count = item
    return {"authority": authority, "route": route, "requests": count}
