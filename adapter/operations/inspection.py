"""Shows what is loaded, for operators on this machine. Paged; without secrets."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from adapter.authorization.discovered_services import DiscoveredServices
from adapter.authorization.snapshot_store import SnapshotStore
from adapter.operations.explained_steps import pointcut_document
from adapter.operations.routes import Question, QuestionError, Reply, Route, json_reply
from adapter.policy.compile import CompiledPolicy
from adapter.policy.contracts.contract import Contract
from adapter.policy.snapshot import Api

LARGEST_PAGE = 1000
_MOST_DIGITS = 15
PAGING = ("offset", "limit")


def inspection_routes(
    snapshots: SnapshotStore,
    discovered: DiscoveredServices,
    statuses: Mapping[str, Callable[[], Mapping[str, Any]]],
) -> list[Route]:
    """`/apis`, `/apis/{id}`, `/apis/{id}/contracts`, `/discovered`, and one route per status."""

    def api_of(question: Question) -> Api:
        api = snapshots.current.apis.get(question.names["api_id"])
        if api is None:
            raise QuestionError("the snapshot has no such API instance", 404)
        return api

    def apis(question: Question) -> Reply:
        snapshot = snapshots.current
        page = _page(question, snapshot.apis.values(), len(snapshot.apis), _api_summary)
        return json_reply({"revision": snapshot.revision, **page})

    def api(question: Question) -> Reply:
        return json_reply(_api_detail(api_of(question)))

    def contracts(question: Question) -> Reply:
        api = api_of(question)
        held = api.contracts
        return json_reply(_page(question, held, len(held), partial(_contract, api)))

    def services(question: Question) -> Reply:
        counts = discovered.counts
        page = _page(question, counts.items(), len(counts), _service)
        return json_reply({"left_out": discovered.left_out, **page})

    return [
        Route("/apis", apis, parameters=PAGING),
        Route("/apis/{api_id}", api, parameters=()),
        Route("/apis/{api_id}/contracts", contracts, parameters=PAGING),
        Route("/discovered", services, parameters=PAGING),
        *(Route(path, _status(read), parameters=()) for path, read in statuses.items()),
    ]


def _status(read: Callable[[], Mapping[str, Any]]) -> Callable[[Question], Reply]:
    return lambda _: json_reply(dict(read()))


def _page(
    question: Question, items: Iterable[Any], total: int, show: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    offset, limit = number_of(question, "offset", 0), number_of(question, "limit", 100)
    shown = islice(items, offset, offset + min(limit, LARGEST_PAGE))
    return {"total": total, "offset": offset, "items": [show(item) for item in shown]}


def number_of(question: Question, name: str, default: int) -> int:
    """The whole number in a parameter; raises QuestionError."""
    text = question.query.get(name, str(default))
    if not text.isdecimal() or len(text) > _MOST_DIGITS:
        raise QuestionError(f"{name} must be a whole number, not {text[:20]!r}", 400)
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
        "inspects_method": api.inspects_method,
        "longest_path": api.longest_path,
        "policies": [
            _policy(policy, api.matches.of(position))
            for position, policy in enumerate(api.policies)
        ],
    }


def _policy(policy: CompiledPolicy, matched: tuple[int, ...]) -> dict[str, Any]:
    """A policy. Without pointcuts it covers the whole API, and nothing is counted."""
    return {
        "policy_id": policy.ref.policy_id,
        "policy_type": policy.ref.policy_type,
        "automated": policy.automated,
        "pointcuts": [
            {**pointcut_document(pointcut), "matched": count}
            for pointcut, count in zip(policy.pointcuts, matched, strict=True)
        ],
        "overridden_by_automated_policies": [pointcut_document(p) for p in policy.overridden],
        "warnings": list(policy.rule.warnings),
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
