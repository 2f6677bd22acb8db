"""The benchmark of hostile Checks works; how long they take, no test says."""

import pytest
from envoy.service.auth.v3.external_auth_pb2 import CheckResponse

from benchmarks import plan
from benchmarks.catalog import TYPICAL, USUAL, contents
from benchmarks.hostile import ALL, service_for
from benchmarks.hostile_checks import HostileCheck
from benchmarks.report import document, tables
from benchmarks.requests import TOKEN


@pytest.mark.parametrize("check", ALL, ids=lambda check: check.name)
def test_every_hostile_check_has_an_answer(check: HostileCheck) -> None:
    """An ALLOW, or a denial with its own status; never an error, which Envoy might allow."""
    (usual,) = contents(USUAL, TYPICAL)
    answer = service_for(check, usual).check(check.message(), {"x-adapter-token": TOKEN})
    assert isinstance(answer, bytes)
    response = CheckResponse.FromString(answer)
    assert response.WhichOneof("http_response")
    denied = response.denied_response.status.code
    assert (response.status.code == 0) == (denied == 0)
    assert denied < 500


def test_kinds_of_hostile_checks_have_names_of_their_own() -> None:
    """Or one of them would be missing in the table."""
    names = [check.name for check in ALL]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(("ms", "goal"), [(0.9, "met"), (1.1, "missed")])
def test_the_table_shows_the_dearest_first_and_whether_the_goal_is_met(
    ms: float, goal: str
) -> None:
    """A single kind beyond a millisecond is a goal missed."""
    hostile = {"a cookie": 0.01, "a query": ms}
    found = tables(document(plan.rows((), plan.HOSTILE), {}, {}, {}, hostile))
    assert f"at most 1: {goal}" in found
    assert found.index("a query") < found.index("a cookie")
