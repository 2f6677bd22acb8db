"""Which pointcut covers a request, as the console's tester asks."""

from importlib.metadata import entry_points
from typing import Any

import pytest

from adapter.policy.pointcut_match import match

ORDERS = {"methodRegex": "GET|HEAD", "uriTemplateRegex": "/orders/[0-9]+"}
ADMIN = {"methodRegex": ".*", "uriTemplateRegex": "/admin(/.*)?"}


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/orders/1", 0),
        ("GET", "/orders/1?expand=lines", 0),
        ("POST", "/orders/1", None),
        ("GET", "/orders/1/lines", None),
        ("DELETE", "/admin/users", 1),
    ],
)
def test_the_whole_method_and_path_have_to_match(
    method: str, path: str, expected: int | None
) -> None:
    """The first pointcut that matches is named."""
    found = match([ORDERS, ADMIN], method, path)
    assert (found["applies"], found["pointcut"]) == (expected is not None, expected)
    assert (found["refused"], found["faults"]) == ("", [])


@pytest.mark.parametrize("pointcut", [None, [], [{"methodRegex": ".*", "uriTemplateRegex": ".*"}]])
def test_a_policy_for_everything_covers_every_request(pointcut: Any) -> None:
    """Also those whose path is ambiguous, because no pattern looks at it."""
    assert match(pointcut, "get", "/a/../b")["applies"]


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("get", "/orders/1", "400 ambiguous_method"),
        ("GET", "/orders/%2e%2e/1", "400 ambiguous_path"),
        ("GET", "/" + "a" * 5000, "414 malformed_request"),
        ("GET", "", "400 ambiguous_path"),
    ],
)
def test_requests_that_can_be_read_in_two_ways_are_refused(
    method: str, path: str, reason: str
) -> None:
    """They never reach the policies, so no pointcut is named."""
    found = match([ORDERS], method, path)
    assert found["refused"].startswith(reason)
    assert not found["applies"]


def test_faults_are_those_of_the_check() -> None:
    """A pattern that matches nothing is explained."""
    found = match([{"methodRegex": "get", "uriTemplateRegex": "/a"}], "GET", "/a")
    assert found["faults"][0]["field"] == "pointcutData.0.methodRegex"
    assert "write 'GET'" in found["faults"][0]["message"]


def test_it_is_offered_as_an_entry_point() -> None:
    """The control plane finds it without importing the adapter."""
    (found,) = entry_points(group="envoy_policy_adapter.pointcut_match")
    assert found.load() is match
