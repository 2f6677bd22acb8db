"""Errors as pages, in words; and pages that nobody may open by accident."""

import re
from collections import Counter

import httpx
import pytest

from control_plane.accounts.roles import Role
from control_plane.pages.app import page_routes
from control_plane.pages.visit import Visit
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.pages.visitor import ORIGIN, Visitor, visiting_as

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202eabc",
    "{{7919*7919}}",
)
OPEN = {"/login", "/login/provider", "/login/callback", "/logout"}


async def test_no_page_is_open_by_accident(stranger: Visitor, platform: Platform) -> None:
    """Every page but the login asks for it, whatever the method."""
    pages = {route.path for route in page_routes()} - OPEN
    assert len(pages) > 10
    for path in pages:
        url = path.replace("{environment_id}", platform.credentials.environment_id)
        url = re.sub(r"\{\w+\}", "1", url)
        for method in ("GET", "POST"):
            response = await stranger.client.request(method, url)
            assert response.status_code in (303, 405), f"{method} {path}"
            if response.status_code == 303:
                assert response.headers["location"].startswith("/login")


def test_no_two_pages_have_one_name() -> None:
    """A link by name leads to one page."""
    names = Counter(route.name for route in page_routes() if "GET" in (route.methods or ()))
    assert [name for name, number in names.items() if number > 1] == []


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/environments/other",
        "/environments/%00",
        "/settings/users/0",
        "/settings/users/x",
        "/settings/users/99999999999999999999",
        "/settings/users/77",
        "/settings/tokens/77/revoke",
    ],
)
async def test_what_is_not_there_is_a_page_that_says_so(owner: Visitor, path: str) -> None:
    """With a link to go on, and without what was typed being run."""
    response = await owner.open(path)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert "Nothing is here" in response.text


async def test_a_program_gets_json(platform: Platform) -> None:
    """A script that missed a path of the JSON API is told so in its own language."""
    response = await platform.anyone.get("/nothing/here")
    assert response.status_code == 404
    assert response.json().keys() == {"error", "message"}


async def test_a_method_that_a_page_does_not_have(owner: Visitor) -> None:
    """405, in words."""
    response = await owner.send("/audit")
    assert response.status_code == 405
    assert "This can&#39;t be done here" in response.text


async def test_a_failure_shows_nothing_of_the_inside(
    owner: Visitor, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says that the log has the reason."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(Visit, "tabs", fail)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(platform.app, raise_app_exceptions=False),
        base_url=ORIGIN,
        headers={"Accept": "text/html"},
        cookies=owner.client.cookies,
    ) as client:
        response = await client.get("/settings")
    assert response.status_code == 500
    assert "its log says why" in response.text
    assert "the inside" not in response.text
    assert "frame-ancestors" in response.headers["content-security-policy"]


@ON_BOTH_DATABASES
async def test_hostile_text_is_only_text(owner: Visitor) -> None:
    """Markup, other directions of writing, and NUL in every field of a form and a query."""
    for text in (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "\u202eabc",
        "{{7*7}}",
    ):
        response = await owner.send("/settings/users/new", name=text, email=text, password=text)
        assert response.status_code == 400
        assert "<script>alert" not in response.text
        assert "<img" not in response.text
        assert "62710561" not in response.text
        assert (await owner.client.get("/settings/users", params={"q": text})).status_code == 200
        assert "<script>alert" not in await owner.page("/settings/users")
    odd = {"q": "ab%\\_'", "sort": "nothing", "page": "-1"}
    assert (await owner.client.get("/settings/users", params=odd)).status_code == 200


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("{home}/requests?id=%00", "control characters"),
        ("{home}/requests?application=%00", "control characters"),
        ("{home}/requests?range=bogus", "range"),
        ("{home}/analytics?range=bogus", "range"),
        ("{home}/apis?q=%00", "control characters"),
        ("{home}/apis?status=bogus", "status"),
        ("{home}/contracts?status=bogus", "status"),
        ("{home}/services?show=bogus", "show"),
        ("/audit?kind=bogus", "kind"),
        ("/audit?actor=%00", "control characters"),
    ],
)
async def test_no_filter_is_ignored(owner: Visitor, path: str, reason: str) -> None:
    """A page without the filter would show what nobody asked for."""
    response = await owner.open(path.format(home=owner.home))
    assert response.status_code == 400
    assert reason in response.text.lower()


async def test_a_form_that_can_not_be_read_says_why(owner: Visitor) -> None:
    """Bytes that are not UTF-8 become no name, and a file is named."""
    path = "/settings/tokens"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await owner.client.post(path, content=b"name=%ff%fe", headers=form)
    assert (response.status_code, "it is not UTF-8" in response.text) == (400, True)
    response = await owner.client.post(path, files={"name": b"x"})
    assert (response.status_code, "it contains a file" in response.text) == (400, True)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 400),
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded", 400),
        (b"name=%ff%fe&password=%00", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"a=%d" % n for n in range(3000)), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"--x", "multipart/form-data; boundary=x", 400),
        (b"--x", "multipart/form-data", 400),
        (b"x" * (2 << 20), "application/x-www-form-urlencoded", 413),
    ],
)
async def test_odd_bodies_are_refused(
    owner: Visitor, content: bytes, kind: str, status: int
) -> None:
    """No body makes the server fail."""
    response = await owner.client.post(
        "/settings/tokens", content=content, headers={"Content-Type": kind}
    )
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")


async def test_a_user_without_any_role_is_told_whom_to_ask(platform: Platform) -> None:
    """Home explains it; nothing else opens."""
    async with visiting_as(platform, Role.VIEWER, platform.credentials.environment_id) as visitor:
        with platform.services.database.connection(write=True) as connection:
            connection.exec_driver_sql("DELETE FROM role_grants WHERE user_id = 2")
        assert "You have no role in any environment." in await visitor.page("/")
        assert (await visitor.open(visitor.home)).status_code == 404
        assert "Your account" in await visitor.page("/settings")


@pytest.mark.parametrize(
    "path",
    [
        "{home}/apis/new",
        "{home}/applications/new",
        "{home}/alerts/new",
        "/settings/users/new",
        "/settings/tokens",
    ],
)
async def test_the_list_of_errors_names_fields_as_the_form_does(
    owner: Visitor, platform: Platform, path: str
) -> None:
    """And leads to them."""
    await platform.admin.create_api("orders")
    page = (await owner.send(path.format(home=owner.home))).text
    listed = re.findall(r'<p><a href="#([^"]+)">([^<]+)</a>:', page)
    assert listed
    for id_, label in listed:
        assert f'id="{id_}"' in page
        shown = re.findall(rf'<label for="{id_}">([^<]+?)\s*<', page)
        assert [each.lower() for each in shown] == [label.lower()]
