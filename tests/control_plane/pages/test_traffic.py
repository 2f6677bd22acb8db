"""The dashboard and the log of requests, without a browser."""

import csv
import html
import io
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from control_plane.accounts.roles import Role
from control_plane.clock import iso
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.events import denied, event, send
from tests.control_plane.pages.visitor import Visitor, visiting_as

HOSTILE = "<script>alert(1)</script>"


def numbers(page: str) -> dict[str, str]:
    """The numbers at the top, by their labels."""
    found = re.findall(r'number-label">([^<]+)</span><strong>([^<]+)</strong>', page)
    return dict(found)


def ranking(page: str, title: str) -> dict[str, int]:
    """The rows of a ranking."""
    [section] = re.findall(rf"<h2 [^>]+>{title}</h2>(.*?)</section>", page, re.DOTALL)
    rows = re.findall(r'<th scope="row">(.*?)</th>.*?<td class="number">([\d,]+)<', section, re.S)
    return {re.sub("<[^>]+>", "", name): int(count.replace(",", "")) for name, count in rows}


def link(page: str, text: str) -> str:
    """Where the link with this text leads."""
    found = re.findall(rf'href="([^"]+)">{re.escape(text)}</a>', page)
    return html.unescape(found[0])


def at(platform: Platform, **ago: float) -> dict[str, str]:
    """The times of an event so long ago."""
    received = platform.clock.now() - timedelta(**ago)
    return {
        "received_ts": str(iso(received)),
        "replied_ts": str(iso(received + timedelta(milliseconds=50))),
    }


@pytest.fixture
async def api_id(platform: Platform) -> int:
    """An API instance with traffic: 6 requests today, 2 of them denied, and one the day before."""
    made: int = (await platform.admin.create_api("orders"))["id"]
    application = await platform.admin.create_application("phone")
    own: dict[str, Any] = {"api_id": made, "client_id": application["clientId"]}
    await send(
        platform,
        [
            event(platform, **own, **at(platform, minutes=5)),
            event(platform, **own, **at(platform, minutes=5), path="/orders/2", verb="POST"),
            event(platform, **own, **at(platform, hours=5), status_code=503),
            denied(platform, **own, **at(platform, hours=6)),
            denied(platform, api_id=made, client_id=None, **at(platform, hours=7)),
            event(platform, api_id=made + 1, **at(platform, hours=8), user_agent=HOSTILE),
            event(platform, **own, **at(platform, hours=30)),
        ],
    )
    return made


@ON_BOTH_DATABASES
async def test_the_dashboard_shows_true_numbers(owner: Visitor, api_id: int) -> None:
    """Denied requests count, all rankings have the same total, and the change is shown."""
    page = await owner.page(f"{owner.home}/analytics")
    found = numbers(page)
    assert (found["Requests"], found["Server errors"], found["Denied"]) == ("6", "16.7%", "33.3%")
    assert (found["Received"], found["Sent"]) == ("60 B", "600 B")
    assert "+500%" in page
    assert ranking(page, "API instances") == {"orders": 5, f"API instance {api_id + 1}": 1}
    assert ranking(page, "Applications") == {"phone": 4, "abc": 1, "no application": 1}
    assert ranking(page, "Paths") == {"/orders/{id}": 6}
    assert ranking(page, "Methods") == {"GET": 5, "POST": 1}
    assert ranking(page, "Status codes") == {"200": 3, "429": 2, "503": 1}
    assert ranking(page, "User agents") == {"curl": 5, "unusual": 1}
    assert ranking(page, "Policies violated") == {"rate-limiting": 2}
    assert "in steps of 15 minutes" in page
    [data] = re.findall(
        r'<script type="application/json">(\{"kind": "stack.*?|.*?"stack".*?)</script>', page
    )
    chart = json.loads(data)
    assert sum(map(sum, chart["values"])) == 6
    assert len(chart["edges"]) == 97


async def test_each_row_and_bar_is_a_filter(owner: Visitor, api_id: int) -> None:
    """Rows of APIs and applications filter the dashboard, others lead to the requests."""
    page = await owner.page(f"{owner.home}/analytics")
    of_api = await owner.page(link(page, "orders"))
    assert numbers(of_api)["Requests"] == "5"
    assert '<h2 id="ranking-1">Applications' in of_api
    of_phone = await owner.page(link(of_api, "phone"))
    assert numbers(of_phone)["Requests"] == "4"
    assert ranking(of_phone, "Status codes") == {"200": 2, "429": 1, "503": 1}
    nobody = await owner.page(link(page, "no application"))
    assert numbers(nobody)["Requests"] == "1"
    log = await owner.page(link(of_phone, "503"))
    assert log.count('<tr role="row">') == 2
    assert "503" in log
    for name, rows in (("/orders/{id}", 6), ("POST", 1), ("curl", 5), ("rate-limiting", 2)):
        assert (await owner.page(link(page, name))).count('<tr role="row">') == rows + 1
    bar = await owner.page(link(page, "23 Nov, 11:45"))
    assert numbers(bar)["Requests"] == "2"
    assert "in steps of 1 minute" in bar


@pytest.mark.parametrize(
    ("range_", "requests"), [("15m", 2), ("1h", 2), ("6h", 3), ("7d", 7), ("13mo", 7)]
)
async def test_ranges(owner: Visitor, api_id: int, range_: str, requests: int) -> None:
    """Each has its own bars."""
    page = await owner.page(f"{owner.home}/analytics?range={range_}")
    assert numbers(page)["Requests"] == str(requests)


async def test_days_are_those_of_the_viewer(owner: Visitor, api_id: int) -> None:
    """In Kolkata a day begins at 18:30 UTC. An unknown zone is UTC."""
    page = await owner.page(f"{owner.home}/analytics?range=30d&zone=Asia/Kolkata")
    assert "Asia/Kolkata" in page
    assert 'datetime="2026-10-24T18:30:00.000Z"' in page
    owner.client.cookies.set("zone", "Asia/Kolkata")
    assert "Asia/Kolkata" in await owner.page(f"{owner.home}/analytics")
    for unknown in ("../../etc/passwd", "Mars", "posixrules", "Factory", "é" * 300):
        assert "(UTC)" in await owner.page(f"{owner.home}/analytics?zone={unknown}")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("page", ["analytics", "requests"])
@pytest.mark.usefixtures("api_id")
async def test_the_time_zone_is_chosen_and_kept_in_the_address(owner: Visitor, page: str) -> None:
    """It works without scripts, wins over the browser's, and may be one that is not offered."""
    owner.client.cookies.set("zone", "Asia/Tokyo")
    shown = await owner.page(f"{owner.home}/{page}")
    assert "<option>Asia/Kolkata</option>" in shown
    for zone in ("UTC", "Asia/Kolkata", "Antarctica/Troll"):
        shown = await owner.page(f"{owner.home}/{page}?zone={zone}")
        assert f"<option selected>{zone}</option>" in shown
        assert f"zone={quote(zone, safe='')}&amp;range=7d" in shown


@pytest.mark.parametrize("page", ["analytics", "requests", "analytics.csv", "requests.json"])
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("api=x", "api"),
        ("api=0", "api"),
        ("since=2026-11-23T12:00&until=2026-11-23T11:00", "until"),
        ("since=2026-11-23", "until"),
        ("since=0001-01-01&until=9999-12-31", "since"),
        ("since=yesterday&until=2026-11-23", "since"),
        (f"api={'9' * 5000}", "api"),
        ("api=9999999x", "api"),
    ],
)
async def test_a_filter_that_is_none_is_named(
    owner: Visitor, page: str, query: str, named: str
) -> None:
    """Reversed, enormous, or no time at all."""
    response = await owner.open(f"{owner.home}/{page}?{query}")
    assert response.status_code == 400
    assert f"{named}: " in response.text.lower()


@ON_BOTH_DATABASES
async def test_odd_filters_are_no_error_of_the_server(owner: Visitor, api_id: int) -> None:
    """What is not known matches nothing, and is shown as text."""
    for query in (
        "api=99999999999999999999",
        f"application={HOSTILE}",
        "range=forever",
        "since=9999-12-31T23:00&until=9999-12-31T23:59",
        "since=9999-12-31T22:00-01:00&until=9999-12-31T23:59-01:00",
        "since=0001-01-01T00:00&until=0001-01-01T01:00",
        "since=0001-01-01T00:00&until=0001-01-01T01:00&zone=Asia/Tokyo",
        "since=9999-12-31T22:00&until=9999-12-31T23:00&zone=America/New_York",
        "refresh=0.001",
        "application=" + "x" * 5000,
    ):
        for page in ("analytics", "requests", "analytics.csv", "requests.csv"):
            response = await owner.open(f"{owner.home}/{page}?{query}")
            assert response.status_code in (200, 400), (page, query)
            assert page.endswith(".csv") or HOSTILE not in response.text
    response = await owner.open(f"{owner.home}/requests?status=4xxx")
    assert response.status_code == 400
    assert (await owner.open(f"{owner.home}/requests?before=x")).status_code == 400


@ON_BOTH_DATABASES
async def test_the_log_is_read_page_by_page(owner: Visitor, platform: Platform) -> None:
    """Also where many requests came in one millisecond; none is missed or shown twice."""
    await send(platform, [event(platform, event_id=f"e{n:03}") for n in range(120)])
    shown: list[str] = []
    path = f"{owner.home}/requests"
    while path:
        page = await owner.page(path)
        shown += re.findall(r"/requests/event\?event=(e\d{3})", page)
        path = next(iter(re.findall(r'rel="next" href="([^"]+)"', page)), "")
        path = html.unescape(path)
    assert shown == [f"e{n:03}" for n in reversed(range(120))]


async def test_one_request_has_all_that_its_event_has(
    owner: Visitor, platform: Platform, api_id: int
) -> None:
    """And is found by its request id."""
    mine = denied(
        platform, api_id=api_id, transaction_id="req-1", user_agent=HOSTILE, path="/x/1?q=secret"
    )
    await send(platform, [mine])
    log = await owner.page(f"{owner.home}/requests?id=req-1")
    assert log.count('<tr role="row">') == 2
    page = await owner.page(f"{owner.home}/requests/event?event={mine['event_id']}")
    for text in ("denied", "429", "rate-limiting", "/x/{id}", "192.0.2.1", "req-1", "100 bytes"):
        assert text in page
    assert HOSTILE not in page
    assert "secret" not in page
    assert (await owner.open(f"{owner.home}/requests/event?event=unknown")).status_code == 404


@ON_BOTH_DATABASES
async def test_the_id_of_an_event_may_be_any_text(owner: Visitor, platform: Platform) -> None:
    """Gateways choose the ids. Each leads from the log to its own request."""
    ids = ["a/b", "a?b", "a#b", "a%2Fb", "..", ".", "/", "a b", "é", "a\\b", "x/../y", "<b>&\"'"]
    await send(platform, [event(platform, event_id=given) for given in ids])
    page = await owner.page(f"{owner.home}/requests")
    links = [
        html.unescape(found) for found in re.findall(r'class="when"><a href="([^"]+)"><time', page)
    ]
    assert len(set(links)) == len(ids)
    shown = {await _event_id(owner, path) for path in links}
    assert shown == set(ids)
    for none, status in (("?event=a%00b", 400), (f"?event={'a' * 101}", 404)):
        assert (await owner.open(f"{owner.home}/requests/event{none}")).status_code == status


async def _event_id(owner: Visitor, path: str) -> str:
    """The id on the page of a request."""
    page = await owner.page(path)
    [found] = re.findall(r"<pre[^>]*>([^<]*)</pre>", page[page.index("Event id") :])
    return html.unescape(found)


@ON_BOTH_DATABASES
async def test_searching_the_log(owner: Visitor, api_id: int) -> None:
    """By each field."""
    for query, rows in (
        (f"api={api_id}", 5),
        ("application=abc", 1),
        ("application=(none)", 1),
        ("status=denied", 2),
        ("status=2xx", 3),
        ("status=429", 2),
        ("policy=rate-limiting", 2),
        ("method=POST", 1),
        ("path=/orders/2", 1),
        ("path=/ORDERS", 0),
        ("agent=unusual", 1),
        ("since=2026-11-23T03:00&until=2026-11-23T04:30", 1),
        ("range=7d", 7),
    ):
        page = await owner.page(f"{owner.home}/requests?{query}")
        assert max(0, page.count('<tr role="row">') - 1) == rows, query


@ON_BOTH_DATABASES
async def test_exports_have_exactly_what_is_filtered(owner: Visitor, api_id: int) -> None:
    """The numbers and the requests, as CSV and as JSON."""
    text = await owner.page(f"{owner.home}/analytics.csv?api={api_id}")
    rows = [*csv.DictReader(io.StringIO(text))]
    for dimension in ("class", "status", "method", "application", "path", "agent"):
        assert sum(int(row["amount"]) for row in rows if row["dimension"] == dimension) == 5
    same = json.loads(await owner.page(f"{owner.home}/analytics.json?api={api_id}"))
    assert [{name: str(value) for name, value in row.items()} for row in same] == rows
    requests = json.loads(await owner.page(f"{owner.home}/requests.json?status=denied"))
    assert [row["policy_name"] for row in requests] == ["rate-limiting"] * 2
    assert json.loads(await owner.page(f"{owner.home}/requests.json?status=599")) == []
    text = await owner.page(f"{owner.home}/requests.csv?range=7d")
    assert len([*csv.DictReader(io.StringIO(text))]) == 7


async def test_an_export_without_rows_has_its_header(owner: Visitor) -> None:
    """Programs that read the file rely on it."""
    numbers = await owner.page(f"{owner.home}/analytics.csv")
    assert numbers == "since,until,dimension,key,amount\n"
    requests = await owner.page(f"{owner.home}/requests.csv")
    assert requests.startswith("received,event_id,")
    assert requests.count("\n") == 1


async def test_invisible_characters_of_clients_are_shown(
    owner: Visitor, platform: Platform
) -> None:
    """One of them would turn the letters after it around."""
    mine = event(platform, path="/a/\u202etxt.exe", user_agent="\u2066x")
    await send(platform, [mine])
    for path in ("requests", f"requests/event?event={mine['event_id']}", "analytics"):
        page = await owner.page(f"{owner.home}/{path}")
        assert "\u202e" not in page
        assert "\u2066" not in page
        assert "/a/\\u202etxt.exe" in page


async def test_nothing_yet(owner: Visitor) -> None:
    """The page says whether there was never an event, or none that matches."""
    page = await owner.page(f"{owner.home}/analytics")
    assert "No adapter has sent an event" in page
    assert "No request matches" in await owner.page(f"{owner.home}/requests")


async def test_a_viewer_sees_numbers_and_no_single_requests(
    viewer: Visitor, api_id: int, platform: Platform
) -> None:
    """Their rows lead nowhere; an operator sees the requests."""
    page = await viewer.page(f"{viewer.home}/analytics")
    assert "/requests" not in page
    for path in ("requests", "requests/event?event=1", "requests.csv"):
        response = await viewer.open(f"{viewer.home}/{path}")
        assert response.status_code == 403
        assert "requests:read" in response.text
    async with visiting_as(platform, Role.OPERATOR) as operator:
        await operator.page(f"{operator.home}/requests")
    other = "/environments/other"
    for path in ("analytics", "analytics.csv"):
        assert (await viewer.open(f"{other}/{path}")).status_code in (403, 404)
