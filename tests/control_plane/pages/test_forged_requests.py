"""Requests that other sites make a browser send, and what browsers are told about our pages."""

from dataclasses import replace

import httpx
import pytest

from control_plane.app import create_app
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import ORIGIN, Visitor


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN}, False),
        ({"Origin": ORIGIN}, True),
        ({"Origin": "https://evil.test"}, False),
        ({"Origin": "https://console.test.evil.test"}, False),
        ({"Origin": "https://console.test:444"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({}, False),
    ],
)
async def test_forms_are_taken_from_our_own_pages_only(
    owner: Visitor, headers: dict[str, str], accepted: bool
) -> None:
    """A refused form changes nothing: the session goes on."""
    for name in ("Sec-Fetch-Site", "Origin"):
        del owner.client.headers[name]
    response = await owner.client.post("/logout", headers=headers)
    assert response.status_code == (303 if accepted else 403)
    if not accepted:
        assert "did not come from the console" in response.text
        await owner.page(owner.home)


@pytest.mark.parametrize("value", ["http://[", "http://[::1", "//", "\xff", "x" * 9000])
async def test_addresses_that_make_no_sense_are_refused_not_a_failure(
    owner: Visitor, stranger: Visitor, value: str
) -> None:
    """Any program can send any header."""
    for name in ("Sec-Fetch-Site", "Origin"):
        del owner.client.headers[name]
    headers = {"Origin": value.encode("latin-1")}
    response = await owner.client.post("/logout", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 403
    headers = {"Referer": value.encode("latin-1")}
    response = await stranger.client.post("/settings/password", headers=headers)  # type: ignore[arg-type]
    assert response.status_code == 303
    assert response.headers["location"].startswith("/login")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST", "QUERY"])
async def test_every_method_that_may_change_something_is_guarded(
    owner: Visitor, method: str
) -> None:
    """Also those that no page has yet."""
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert (await owner.client.request(method, "/settings", headers=headers)).status_code == 403


async def test_the_public_url_is_our_origin_too(platform: Platform) -> None:
    """Behind a proxy that changes the Host header, old browsers send the address in the bar."""
    settings = platform.services.settings.model_copy(update={"public_url": "https://public.test/"})
    app = create_app(replace(platform.services, settings=settings))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://inner.test"
    ) as client:
        for origin, status in (("https://public.test", 303), ("https://other.test", 403)):
            response = await client.post("/logout", headers={"Origin": origin})
            assert response.status_code == status


async def test_every_answer_tells_the_browser_what_it_may_do(
    owner: Visitor, stranger: Visitor
) -> None:
    """Pages, errors, redirects and files: no frames, no foreign scripts, nothing in caches."""
    for visitor, path in (
        (owner, owner.home),
        (owner, "/nothing"),
        (owner, "/environments/other"),
        (stranger, "/login"),
        (stranger, "/settings"),
    ):
        headers = (await visitor.open(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-frame-options"] == "DENY"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


async def test_a_form_may_be_kept_until_the_logout_and_its_answer_never(
    owner: Visitor, platform: Platform
) -> None:
    """So Back leads to what was typed. The answer to a form may have a typed secret."""
    api = await platform.admin.create_api("orders")
    form = f"{owner.home}/apis/{api['id']}/policies/new/http-basic-authentication"
    assert (await owner.open(form)).headers["cache-control"] == "private, no-cache"
    answer = await owner.send(form, do="review", **{"configurationData.password": "typed"})
    assert answer.headers["cache-control"] == "no-store"
    left = await owner.send("/logout")
    assert left.headers["clear-site-data"] == '"cache"'


async def test_files_are_kept_by_browsers_until_they_change(stranger: Visitor) -> None:
    """The address of a file has a digest of its content."""
    page = await stranger.page("/login")
    address = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
    response = await stranger.open(address)
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]
    assert (await stranger.open("/static/console.css")).headers["cache-control"] == "no-cache"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/static/vendor"):
        assert (await stranger.open(path)).status_code == 404
