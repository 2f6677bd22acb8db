"""Lists of contracts, tiers and applications: the parameters that the vendor's clients send."""

from typing import Any

import pytest

from tests.control_plane.conftest import ON_SQLITE, Platform


@pytest.fixture
async def lists(platform: Platform) -> dict[str, str]:
    """The paths of three lists, each with three entries."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    path = f"{platform.apis}/{api_id}"
    for name, status in (("b", "DEPRECATED"), ("c", "ACTIVE"), ("a", "ACTIVE")):
        tier = await admin.create_tier(api_id, name, [(5, 1000)], auto_approve=status == "ACTIVE")
        application = await admin.create_application(f"{name} 100%")
        await admin.request_contract(api_id, application["id"], tier["id"])
        await admin.ask("PUT", f"{path}/tiers/{tier['id']}", {"status": status})
    return {
        "contracts": f"{path}/contracts",
        "tiers": f"{path}/tiers",
        "applications": platform.applications,
    }


def _names(answer: dict[str, Any], kind: str) -> str:
    """The first letters of the names, in their order."""
    rows = answer[kind]
    return "".join((row["application"] if kind == "contracts" else row)["name"][0] for row in rows)


ORDERS: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("contracts", {"sort": "name"}, "abc"),
    ("contracts", {"sort": "name", "ascending": "false", "limit": 2}, "cb"),
    ("contracts", {"sort": "name", "offset": 1, "limit": 1}, "b"),
    ("contracts", {"sort": "status"}, "cab"),
    ("contracts", {"sort": "createdDate", "ascending": "false", "limit": 250}, "bca"),
    ("contracts", {"query": ""}, "bca"),
    ("tiers", {"sort": "status"}, "cab"),
    ("tiers", {"sort": "name", "active": "true"}, "ac"),
    ("applications", {"sort": "name"}, "abc"),
)


@ON_SQLITE
async def test_a_list_has_the_order_and_the_part_that_is_asked_for(
    platform: Platform, lists: dict[str, str]
) -> None:
    """The vendor's command line and its libraries send these."""
    for kind, query, expected in ORDERS:
        answer = await platform.admin.ask("GET", lists[kind], **query)
        assert _names(answer, kind) == expected, (kind, query)


async def test_a_search_is_for_text_and_a_page_past_the_end_is_empty(
    platform: Platform, lists: dict[str, str]
) -> None:
    """On both databases; NUL ended the pattern once, and everything was found."""
    for kind, path in lists.items():
        past = await platform.admin.ask("GET", path, offset=100)
        assert past == {"total": 3, kind: []}
        for nothing in ("\0", "a\0", "%\0", "_"):
            found = await platform.admin.ask("GET", path, query=nothing)
            assert found == {"total": 0, kind: []}, (kind, nothing)
    found = await platform.admin.ask("GET", lists["contracts"], query="100%")
    assert found["total"] == 3


@ON_SQLITE
async def test_an_order_or_a_length_that_a_list_does_not_have_is_named(
    platform: Platform, lists: dict[str, str]
) -> None:
    """250 is the documented maximum."""
    for query, told in (
        ("sort=size", "sort: 'size' is none of id, name, status, createdDate"),
        ("limit=251", "limit: must be at most 250"),
        ("offset=-1", "offset: must be at least 0"),
        ("tier=1", "tier: unknown query parameter"),
    ):
        refused = await platform.refusal("GET", f"{lists['contracts']}?{query}")
        assert refused.status == 400
        assert told in str(refused)
