"""Lists of API instances: long ones, pages, order and filters, on both kinds of databases."""

from typing import Any

from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.many_apis import fill

pytestmark = ON_BOTH_DATABASES


async def found(platform: Platform, **query: Any) -> list[str]:
    """The assets in the list, with the numbers of their API instances."""
    answer = await platform.admin.ask("GET", platform.apis, **query)
    return [
        f"{asset['assetId']}:{','.join(str(api['id']) for api in asset['apis'])}"
        for asset in answer["assets"]
    ]


async def test_a_thousand_api_instances_are_one_list(platform: Platform) -> None:
    """Inventories ask for many at once. A page past the end is empty, with the right total."""
    fill(platform.services.database, platform.credentials, 1_000)
    xapis = platform.apis.replace("/api/", "/xapi/")
    for path, name in ((platform.apis, "assets"), (xapis, "instances")):
        whole = await platform.admin.ask("GET", path, limit=1_000_000)
        assert (whole["total"], len(whole[name])) == (1_000, 1_000)
        assert [row["assetId"] for row in whole[name][:2]] == ["asset-0000", "asset-0001"]
        page = await platform.admin.ask("GET", path, limit=500, offset=900)
        assert (page["total"], len(page[name])) == (1_000, 100)
        past = await platform.admin.ask("GET", path, offset=1_000)
        assert past == {"total": 1_000, name: []}


async def test_filters_of_the_official_document(platform: Platform) -> None:
    """Each is an exact match of what the answers show."""
    admin = platform.admin
    await admin.create_api("orders", "1.4.0")
    await admin.create_api("orders", "2.0.0")
    await admin.create_api("bills", "10.0.0")
    await admin.ask("PATCH", f"{platform.apis}/1", {"deprecated": True})
    for query, expected in (
        ({"productVersion": "v1"}, ["orders:1"]),
        ({"productVersion": "v10"}, ["bills:3"]),
        ({"productVersion": "1"}, []),
        ({"productVersion": "v%"}, []),
        ({"autodiscoveryInstanceName": "v2:2"}, ["orders:2"]),
        ({"autodiscoveryInstanceName": "v1:2"}, []),
        ({"autodiscoveryInstanceName": f"v1:{'9' * 19}"}, []),
        ({"autodiscoveryInstanceName": "orders"}, []),
        ({"autodiscoveryApiName": "groupId:org.example:assetId:bills"}, ["bills:3"]),
        ({"autodiscoveryApiName": "bills"}, []),
        ({"filters": "active"}, ["bills:3", "orders:2"]),
        ({"filters": "active, pinned"}, []),
        ({"family": "api"}, ["bills:3", "orders:1,2"]),
        ({"family": "llm"}, []),
        ({"query": "RDER", "productVersion": "v2"}, ["orders:2"]),
    ):
        assert await found(platform, **query) == expected, query


async def test_the_order_of_changes(platform: Platform) -> None:
    """An asset is as new as the newest change of its API instances in the list."""
    admin = platform.admin
    for name in ("a", "b", "c"):
        platform.clock.move(seconds=1)
        await admin.create_api(name)
    platform.clock.move(seconds=1)
    await admin.ask("PATCH", f"{platform.apis}/1", {"tags": ["x"]})
    assert await found(platform, sort="updatedDate") == ["b:2", "c:3", "a:1"]
    assert await found(platform, sort="updatedDate", ascending="false", limit=1) == ["a:1"]
    xapis = platform.apis.replace("/api/", "/xapi/")
    listed = await admin.ask("GET", xapis, sort="updatedDate", pinnedFirst="true")
    assert [api["id"] for api in listed["instances"]] == [2, 3, 1]
    assert listed["instances"][0]["asset"]["exchangeAssetName"] == "b"
    refused = await platform.refusal("GET", f"{platform.apis}?sort=owner")
    assert "sort: 'owner' is none of name, id, createdDate, updatedDate" in str(refused)


async def test_a_query_that_no_text_contains_finds_nothing(platform: Platform) -> None:
    """SQLite stopped at NUL, and found everything; PostgreSQL refused the question."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.create_tier(api_id, "gold", [(5, 1000)])
    await platform.admin.request_contract(api_id, phone["id"])
    own = f"{platform.apis}/{api_id}"
    for path in (
        *(platform.apis, platform.apis.replace("/api/", "/xapi/"), platform.applications),
        *(f"{own}/tiers", f"{own}/contracts"),
    ):
        everything = await platform.admin.ask("GET", path)
        nothing = await platform.admin.ask("GET", f"{path}?query=%00")
        rows = nothing if isinstance(nothing, list) else [*nothing.values()]
        assert not any(rows), path
        assert nothing != everything
