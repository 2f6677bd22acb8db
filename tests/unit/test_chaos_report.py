"""What a run of `make chaos` counts, and what its page says."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.account import Account, Client, Row
from chaos.faults.ends import KillEnvoy, KillPlatform
from chaos.plan import FULL
from chaos.platform import StoredEvents
from chaos.report import complaints, page

GOOD = Client("shop", 200)
BAD = Client("nobody", 401)
FINE = Row("a fault", 10, 0, 0, 10, 10, 0, 0, 0.5)
ABOUT = {
    "machine": {"cores": 2, "cpu": "a CPU", "load_before": 0.1},
    "versions": {"revision": "abc"},
}


def counted(*answers: tuple[Client, int | None]) -> Row:
    """The row after these answers. The first request has two events, and the others none."""
    account, events = Account(), StoredEvents(Path("unused"))
    for number, (client, status) in enumerate(answers):
        account.send(f"/{number}", client)
        account.answer(f"/{number}", status)
    events.by_path["/0"] = ["transaction", "transaction"]
    return account.row("a fault", events, 0.5)


@pytest.mark.parametrize(
    ("client", "status", "wrong_allows", "failed"),
    [
        (GOOD, 200, 0, 0),
        (GOOD, 503, 0, 1),
        (GOOD, None, 0, 1),
        (BAD, 401, 0, 0),
        (BAD, 503, 0, 1),
        (BAD, 200, 1, 1),
        (Client("guess", 401, floods=True), 503, 0, 0),
        (Client("guess", 401, floods=True), 200, 1, 0),
    ],
)
def test_each_answer_is_judged(
    client: Client, status: int | None, wrong_allows: int, failed: int
) -> None:
    """Only requests that must be allowed may be allowed."""
    row = counted((client, status))
    assert (row.wrong_allows, row.failed) == (wrong_allows, failed)


def test_a_request_that_reached_the_service_was_allowed() -> None:
    """Whatever its client saw."""
    account = Account()
    account.send("/0", BAD)
    account.reach("/0")
    account.answer("/0", 503)
    assert account.wrong_allows == {"/0"}


def test_events_are_compared_with_answered_requests() -> None:
    """One event was doubled, one is missing, and a request without an answer needs none."""
    row = counted((GOOD, 200), (GOOD, 200), (GOOD, None))
    assert row[4:8] == (2, 1, 1, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"wrong_allows": 1},
        {"failed": 1},
        {"events_doubled": 1},
        {"events_lost": 1},
        {"recovery_s": None},
    ],
)
def test_what_is_wrong_is_said(changes: dict[str, Any]) -> None:
    """Nothing may fail or be lost while the control plane is down."""
    assert complaints(FINE, KillPlatform) == []
    assert len(complaints(FINE._replace(**changes), KillPlatform)) == 1


def test_some_faults_may_cost_requests_and_events() -> None:
    """But they let nobody in."""
    costly = FINE._replace(failed=5, events_lost=5)
    assert complaints(costly, KillEnvoy) == []
    assert complaints(costly._replace(wrong_allows=1), KillEnvoy) != []


def test_the_page_says_what_clients_saw() -> None:
    """With a row and a paragraph for each fault."""
    rows = [FINE._replace(fault=KillPlatform.name), FINE._replace(fault=KillEnvoy.name, failed=3)]
    text = page(rows, replace(FULL, faults=(KillPlatform, KillEnvoy)), ABOUT)
    assert "at revision abc, on 2 cores of a CPU" in text
    assert f"| {KillPlatform.name} | 10 | 0 | 0 | 10 | 10 | 0 | 0 | 0.5 |" in text
    assert f"{KillPlatform.story} Clients noticed nothing." in text
    assert f"{KillEnvoy.story} 3 requests of 10 failed. {KillEnvoy.may_fail}" in text
