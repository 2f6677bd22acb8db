"""One document of several."""

from typing import Any

from adapter.workers.merging import (
    merged_api,
    merged_denials,
    merged_details,
    merged_services,
)


def test_details() -> None:
    """What all say is said once; the rest names its worker."""
    assert merged_details({0: {"a": "x", "b": "y"}, 1: {"a": "x", "b": "z"}, 2: {"a": "x"}}) == {
        "a": "x",
        "worker 0: b": "y",
        "worker 1: b": "z",
    }
    assert merged_details({1: {"a": "x"}}) == {"worker 1: a": "x"}
    assert merged_details({}) == {}


def test_denials() -> None:
    """The newest of all."""
    documents = {
        0: {"total": 5, "kept": 2, "items": [{"time": "T3"}, {"time": "T1"}]},
        1: {"total": 1, "kept": 2, "items": [{"time": "T2"}]},
    }
    assert merged_denials(documents, 2) == {
        "total": 6,
        "kept": 4,
        "items": [{"time": "T3"}, {"time": "T2"}],
    }


def test_discovered_services() -> None:
    """Requests to the same service are added."""

    def service(authority: str, requests: int) -> dict[str, Any]:
        return {"authority": authority, "route": "r", "requests": requests}

    documents = {
        0: {"left_out": 1, "items": [service("a", 1), service("b", 2)]},
        1: {"left_out": 2, "items": [service("b", 3), service("c", 4)]},
    }
    assert merged_services(documents, 1, 1) == {
        "left_out": 3,
        "total": 3,
        "offset": 1,
        "items": [service("b", 5)],
    }


def test_matches_of_pointcuts() -> None:
    """They are added; a worker that has other policies is left out."""

    def api(policy: str, matched: int) -> dict[str, Any]:
        return {"policies": [{"policy_id": policy, "pointcuts": [{"matched": matched}]}]}

    assert merged_api([api("1", 2), api("1", 3), api("2", 9)]) == api("1", 5)
