"""The documented event export."""

import csv
import io
from typing import Any

import pytest

from control_plane.clock import iso
from support.admin import AdminError
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send


async def test_the_export_has_the_documented_titles(platform: Platform) -> None:
    """A report written for the vendor's export reads ours."""
    platform.clock.move(seconds=1)
    later = iso(platform.clock.now())
    await send(platform, [denied(platform, replied_ts=later, request_bytes=-1)])
    [exported] = await platform.admin.events()
    expected = {
        "Timestamp": later,
        "API ID": "1",
        "API Name": "orders",
        "API Version Name": "v1",
        "Application": "abc",
        "Application Name": "phone",
        "Request Outcome": "BLOCKED",
        "Violated Policy Name": "rate-limiting",
        "Request Size": None,
        "Response Size": 100,
        "User Agent Name": "curl",
        "User Agent Version": "8.5.0",
        "Verb": "GET",
        "Resource Path": "/orders/1",
        "Status Code": 429,
    }
    assert exported.items() >= expected.items()
    path = f"/analytics/1.0/{platform.credentials.organization_id}/events/fields"
    assert list(exported) == await platform.admin.ask("GET", path)


async def test_csv_has_the_asked_fields_and_runs_nothing(platform: Platform) -> None:
    """Fields in the order asked for, the fixed ones after; no cell begins a formula."""
    await send(platform, [event(platform, user_agent="=cmd()", path='/a,"b"')])
    response = await platform.anyone.get(
        f"{platform.analytics}/events",
        params={"format": "csv", "fields": "Status Code.Resource Path.User Agent Name"},
        headers=platform.admin.authorization,
    )
    assert response.headers["Content-Type"].startswith("text/csv")
    titles, row = csv.reader(io.StringIO(response.text))
    assert titles == ["Status Code", "Resource Path", "User Agent Name", *ALWAYS]
    assert row[:3] == ["200", '/a,"b"', "'=cmd()"]


# What the vendor's CSV example adds to the fields asked for, and what its description lists.
ALWAYS = ["Timestamp", "API ID", "API Version ID", "API Name", "API Version Name"]
DOCUMENTED = [
    "Timestamp", "API ID", "API Version ID", "Application", "Message ID", "Request Size",
    "Response Size", "Response Time", "Browser", "User Agent Name", "User Agent Version",
    "OS Family", "OS Version", "Hardware Platform", "Timezone", "OS Minor Version",
    "OS Major Version", "City", "Client IP", "Continent", "Postal Code", "Verb", "Country",
    "Resource Path", "Status Code", "Request Outcome", "Violated Policy Name", "API Name",
    "API Version Name", "Application Name", "API Version",
]  # fmt: skip


async def test_an_export_without_fields_has_all_in_the_documented_order(
    platform: Platform,
) -> None:
    """The vendor's list of fields, in its order, and `API Version` after it."""
    await send(platform, [event(platform, client_id=None, application_name=None)])
    [exported] = await platform.admin.events()
    assert list(exported) == DOCUMENTED
    assert exported["API Version"] == exported["API Version Name"] == "v1"
    assert (exported["Application"], exported["Application Name"]) == (None, "")


async def test_the_vendors_own_query_gets_the_columns_of_its_example(platform: Platform) -> None:
    """The usage example of the official document, with its header line."""
    await send(platform, [event(platform)])
    asked = (
        "Status Code.User Agent Name.Violated Policy Name.Verb.Response Size.Response Time."
        "Request Size.OS Family.Country.City.Application Name.Application.Resource Path."
        "Request Outcome"
    )
    response = await platform.anyone.get(
        f"{platform.analytics}/events",
        params={"format": "csv", "apiIds": "1", "apiVersionIds": "1", "fields": asked},
        headers=platform.admin.authorization,
    )
    titles, row = csv.reader(io.StringIO(response.text))
    assert titles == [*asked.split("."), *ALWAYS]
    assert row[-4:] == ["1", "1", "orders", "v1"]


async def test_the_version_can_be_asked_for(platform: Platform) -> None:
    """`API Version` comes with every JSON export, and in CSV for those who ask."""
    await send(platform, [event(platform)])
    [exported] = await platform.admin.events(fields="Verb")
    assert list(exported) == ["Verb", *ALWAYS, "API Version"]
    response = await platform.anyone.get(
        f"{platform.analytics}/events?format=csv&fields=API%20Version",
        headers=platform.admin.authorization,
    )
    titles, row = csv.reader(io.StringIO(response.text))
    assert titles == ["API Version", *ALWAYS]
    assert row[0] == "v1"


async def test_the_export_finds_by_time_api_and_path(platform: Platform) -> None:
    """Duration, dates, API ids, path prefix and a limit narrow the export."""
    await send(platform, [event(platform, api_id=1, path="/a/old")])
    middle = platform.clock.now().isoformat()
    platform.clock.move(minutes=50)
    await send(
        platform,
        [event(platform, api_id=2, path="/A/new"), event(platform, api_id=3, path="/a/new")],
    )

    async def paths(**query: Any) -> list[str]:
        return sorted(row["Resource Path"] for row in await platform.admin.events(**query))

    assert await paths() == ["/A/new", "/a/new", "/a/old"]
    assert await paths(duration="30m") == ["/A/new", "/a/new"]
    assert await paths(endDate=middle) == []
    assert await paths(startDate=middle, endDate="2026-11-23T12:30:00Z") == ["/a/old"]
    assert await paths(apiIds="1,3") == ["/a/new", "/a/old"]
    assert await paths(apiIds="1,3", apiVersionIds="3") == ["/a/new"]
    assert await paths(apiVersionIds="3") == ["/A/new", "/a/new", "/a/old"]
    assert await paths(apiIds="all", pathPrefix="/a/") == ["/a/new", "/a/old"]
    assert len(await paths(maxResults=1)) == 1


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"duration": "1w"}, "duration"),
        ({"duration": "999999d"}, "duration"),
        ({"apiIds": "1;2"}, "apiIds"),
        ({"fields": "Colour"}, "Colour"),
        ({"maxResults": 20_001}, "maxResults"),
        ({"startDate": "noon"}, "startDate"),
        ({"startDate": "0001-01-01T00:00:00+14:00"}, "startDate"),
        ({"endDate": "9999-12-31T23:59:59-14:00"}, "endDate"),
        ({"endDate": "0001-01-01T00:00:00Z"}, "duration"),
        ({"startDate": "2026-11-23T12:00:00Z", "duration": "soon"}, "duration"),
        ({"startDate": "2026-11-23T12:00:00Z", "endDate": "2026-11-23T11:00:00Z"}, "later"),
        ({"startDate": "2999-11-23T12:00:00Z"}, "later"),
    ],
)
async def test_bad_export_questions_name_the_parameter(
    platform: Platform, query: dict[str, Any], named: str
) -> None:
    """A wrong parameter is not ignored."""
    with pytest.raises(AdminError, match=named) as refused:
        await platform.admin.events(**query)
    assert refused.value.status == 400


async def test_csv_needs_fields_and_any_export_a_format(platform: Platform) -> None:
    """What the document requires is required."""
    for query in ("format=csv", "format=xml", ""):
        with pytest.raises(AdminError) as refused:
            await platform.admin.ask("GET", f"{platform.analytics}/events?{query}")
        assert refused.value.status == 400


async def test_names_come_from_the_platform_where_the_event_has_none(platform: Platform) -> None:
    """Gateways that know an API by its number only still make a readable report."""
    api_id = (await platform.admin.create_api("invoices"))["id"]
    await send(platform, [event(platform, api_id=api_id, api_name=None)])
    assert (await platform.admin.events())[0]["API Name"] == "invoices"
