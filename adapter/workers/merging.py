"""Makes one document of those of all workers. Pure functions."""

from collections.abc import Iterable, Mapping
from typing import Any

Documents = Mapping[int, Mapping[str, Any]]
"""What each worker answers, by its number."""


def merged_details(documents: Mapping[int, Mapping[str, str]]) -> dict[str, str]:
    """Messages by component. What all workers say in the same words is there once.

    Other messages name their worker: `worker 1: events spool`.
    """
    merged: dict[str, str] = {}
    for number, details in documents.items():
        for name, text in details.items():
            same = len(documents) > 1 and all(d.get(name) == text for d in documents.values())
            merged[name if same else f"worker {number}: {name}"] = text
    return merged


def merged_denials(documents: Documents, limit: int) -> dict[str, Any]:
    """The newest denials of all workers."""
    items = (item for document in documents.values() for item in document["items"])
    newest = sorted(items, key=lambda item: str(item["time"]), reverse=True)
    return {
        "total": sum(document["total"] for document in documents.values()),
        "kept": sum(document["kept"] for document in documents.values()),
        "items": newest[:limit],
    }


def merged_services(documents: Documents, offset: int, limit: int) -> dict[str, Any]:
    """The discovered services of all workers, with the requests to each added."""
    requests: dict[tuple[str, str], int] = {}
    for item in (item for document in documents.values() for item in document["items"]):
        key = (item["authority"], item["route"])
        requests[key] = requests.get(key, 0) + item["requests"]
    items = [
        {"authority": authority, "route": route, "requests": count}
        for (authority, route), count in requests.items()
    ]
    return {
        "left_out": sum(document["left_out"] for document in documents.values()),
        "total": len(items),
        "offset": offset,
        "items": items[offset : offset + limit],
    }


def merged_api(documents: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """An API in detail, with the matches of its pointcuts added.

    A worker that has other policies at this moment is left out.
    """
    first, *others = map(dict, documents)
    comparable = [other for other in others if _policy_ids(other) == _policy_ids(first)]
    for position, policy in enumerate(first["policies"]):
        for number, pointcut in enumerate(policy["pointcuts"]):
            pointcut["matched"] += sum(
                other["policies"][position]["pointcuts"][number]["matched"] for other in comparable
            )
    return first


def _policy_ids(document: Mapping[str, Any]) -> list[tuple[str, int]]:
    return [(policy["policy_id"], len(policy["pointcuts"])) for policy in document["policies"]]
