"""HTTP methods: HEAD wherever GET is, and `Allow` with every method of a path."""

import re
from collections import defaultdict

import httpx
import pytest

from control_plane.pages.app import page_routes
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import Visitor, visiting

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def allowed(response: httpx.Response) -> list[str]:
    """The methods that the header names."""
    return list(response.headers["allow"].split(", "))


async def logged_in(visitor: Visitor, platform: Platform) -> None:
    """Log in as the first user."""
    credentials = platform.credentials
    await visitor.log_in(credentials.admin_username, credentials.admin_password)


async def test_head_is_get_without_a_body(platform: Platform) -> None:
    """On pages, static files and the JSON API, also for redirects and refusals."""
    await platform.admin.create_api("orders")
    async with visiting(platform) as visitor:
        await logged_in(visitor, platform)
        paths = ("/login", "/", visitor.home, f"{visitor.home}/apis/1", "/nothing", "/logout")
        for path in (*paths, "/static/console.css", "/healthz", platform.apis):
            head, got = await visitor.client.head(path), await visitor.client.get(path)
            assert head.content == b""
            assert head.status_code == got.status_code, path
            assert head.headers.get("content-type") == got.headers.get("content-type")


async def test_allow_names_all_methods_of_a_page(platform: Platform) -> None:
    """Also those of other functions with the same path."""
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for route in page_routes():
        methods[route.path] |= route.methods or set()
    async with visiting(platform) as visitor:
        await logged_in(visitor, platform)
        for path, known in methods.items():
            url = path.replace("{environment_id}", platform.credentials.environment_id)
            response = await visitor.client.put(re.sub(r"\{\w+\}", "1", url))
            assert response.status_code == 405, path
            assert set(allowed(response)) >= known, path
        assert allowed(await visitor.client.put("/login")) == ["GET", "HEAD", "POST"]
        assert allowed(await visitor.client.get("/logout")) == ["POST"]
        assert "his page knows POST" in (await visitor.client.get("/logout")).text


async def test_allow_names_all_methods_of_an_endpoint(platform: Platform) -> None:
    """The refusal says them, too."""
    response = await platform.anyone.delete(platform.apis)
    assert response.status_code == 405
    assert allowed(response) == ["GET", "HEAD", "POST"]
    assert response.json()["message"].endswith("this path knows GET, HEAD, POST")
    single = await platform.anyone.post(f"{platform.apis}/1")
    assert allowed(single) == ["GET", "HEAD", "PUT", "PATCH", "DELETE"]
