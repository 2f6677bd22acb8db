"""The audit log as a page and as CSV."""

import csv
import io

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.pages.visitor import Visitor, visiting_as

SECRET = {"username": "ann", "password": "secret-of-the-policy"}


async def _changes(platform: Platform) -> None:
    """An API instance with a policy, and an application: three entries."""
    api = await platform.admin.create_api("orders", description="=1+1")
    await platform.admin.apply_policy(api["id"], "http-basic-authentication", SECRET)
    await platform.admin.create_application("phone")


async def test_it_says_who_changed_what(owner: Visitor, platform: Platform) -> None:
    """Newest first, with the values, and without secrets."""
    await _changes(platform)
    page = await owner.page("/audit")
    assert page.index("application 1") < page.index("policy 1") < page.index("api 1")
    assert "create" in page
    assert "admin" in page
    assert "secret-of-the-policy" not in page
    assert "***" in page


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("kind=api&id=1", {"api 1"}),
        ("api=1", {"api 1", "policy 1"}),
        ("actor=admin", {"api 1", "policy 1", "application 1"}),
        ("actor=nobody", set()),
        ("since=2000-01-01&until=2000-01-02", set()),
        ("since=2000-01-01", {"api 1", "policy 1", "application 1"}),
    ],
)
async def test_it_can_be_narrowed(
    owner: Visitor, platform: Platform, query: str, shown: set[str]
) -> None:
    """By kind, object, API instance, person and time."""
    await _changes(platform)
    page = await owner.page(f"/audit?{query}")
    every = ("api 1", "policy 1", "application 1")
    assert {name for name in every if f">{name}</a>" in page} == shown
    if not shown:
        assert "No change matches." in page


NO_FILTERS = [
    *("id=x", "id=1x", f"id={'9' * 5000}", "api=1.5", "before=²", "before=9999999x"),
    *("since=yesterday", "until=2026-02-30", "since=0000-01-01", "since=10000-01-01"),
    *("since=2026-W01", "since=2026-W01-1", "until=20260101", "until=2026-01-01T00:00"),
    *("since=\uff12026-01-01", "since=2026-1-1"),
]
"""Days are written in one way only."""


@pytest.mark.parametrize("query", NO_FILTERS, ids=range(len(NO_FILTERS)))
async def test_a_filter_that_makes_no_sense_is_named(owner: Visitor, query: str) -> None:
    """It is not ignored: the page would show something else than asked."""
    response = await owner.open(f"/audit?{query}")
    assert response.status_code == 400
    assert query.partition("=")[0] in response.text.lower()


@ON_BOTH_DATABASES
@pytest.mark.parametrize("page", ["/audit", "/audit/entries.csv"])
async def test_the_first_and_the_last_day_can_be_asked_for(owner: Visitor, page: str) -> None:
    """No day comes after the last one that has four digits for its year."""
    for query in ("until=9999-12-31", "since=9999-12-31", "since=0001-01-01&until=0001-01-01"):
        await owner.page(f"{page}?{query}")


@ON_BOTH_DATABASES
async def test_older_entries_are_a_link_away(owner: Visitor, platform: Platform) -> None:
    """The link keeps the filter."""
    for _ in range(51):
        await platform.admin.create_application("phone")
    first = await owner.page("/audit?kind=application")
    assert ">application 51</a>" in first
    assert ">application 1</a>" not in first
    second = await owner.page("/audit?kind=application&before=2")
    assert ">application 1</a>" in second
    assert "Newest" in second
    assert "before=2" in first


async def test_the_export_has_what_the_filter_lets_through(
    owner: Visitor, platform: Platform
) -> None:
    """All of it, also what the page shows on later pages; and no spreadsheet runs a formula."""
    await _changes(platform)
    response = await owner.open("/audit/entries.csv?api=1")
    assert response.headers["content-disposition"] == 'attachment; filename="audit-log.csv"'
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["kind"] for row in rows] == ["policy", "api"]
    assert rows[0]["actor"] == "admin"
    assert "secret-of-the-policy" not in response.text
    assert '"description": "=1+1"' in rows[1]["after"]


async def test_an_operator_may_and_a_viewer_may_not(platform: Platform, viewer: Visitor) -> None:
    """The 403 names the permission."""
    assert "/audit" not in await viewer.page("/settings")
    for path in ("/audit", "/audit/entries.csv"):
        response = await viewer.open(path)
        assert response.status_code == 403
        assert "audit:read" in response.text
    async with visiting_as(platform, Role.OPERATOR) as operator:
        assert "Audit log" in await operator.page("/audit")
