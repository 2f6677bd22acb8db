"""What holds for every operation of the OpenAPI document."""

from typing import Any

from control_plane.protocol.trailing_slash import PREFIXES
from tests.control_plane.clients import add_app, headers_of
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.every_route import Routes, fill

pytestmark = ON_SQLITE


async def test_no_token_reaches_another_organization(platform: Platform) -> None:
    """Neither a user's nor a gateway's nor a connected app's, although the ids behind it exist."""
    await fill(platform)
    routes = Routes(platform)
    app = await headers_of(platform, add_app(platform, "ci"))
    tokens = (platform.admin.authorization, dict(platform.gateway.headers), app)
    foreign = [each for each in routes if "{organization_id}" in each[1]]
    assert len(foreign) > 50
    for method, path, _ in foreign:
        url = routes.url(path, organization_id="another")
        for headers in tokens:
            response = await platform.anyone.request(method, url, headers=headers)
            assert response.status_code == 404, f"{method} {path}"
            assert response.json()["message"] == "organization 'another' not found"


async def test_a_query_parameter_that_does_not_exist_is_named(platform: Platform) -> None:
    """Everywhere. A filter that is passed over would give an answer about something else."""
    await fill(platform)
    routes = Routes(platform)
    for method, path, operation in routes:
        if "security" in operation and not path.endswith("/client/quota"):
            by_gateway = path.startswith("/v2/") or path.endswith("/report")
            client = platform.gateway if by_gateway else platform.anyone
            headers = {} if by_gateway else platform.admin.authorization
            url = f"{routes.url(path)}?nonsense=1"
            response = await client.request(method, url, headers=headers)
            assert response.status_code == 400, f"{method} {path}: {response.text}"
            assert "nonsense: unknown query parameter" in response.json()["message"], path


async def test_a_page_past_the_end_is_empty(platform: Platform) -> None:
    """Of every list with pages, with the number of all in it if the list has a place for it."""
    phone = await fill(platform)
    routes = Routes(platform)
    lists = [path for _, path, operation in routes if _has_pages(operation)]
    assert len(lists) >= 9
    for path in lists:
        own = path.endswith("/client/quota")
        response = await platform.anyone.get(
            f"{routes.url(path)}?offset=1000",
            headers={} if own else platform.admin.authorization,
            auth=(phone["clientId"], phone["clientSecret"]) if own else None,
        )
        document = response.json()
        if isinstance(document, list):
            assert document == [], path
        else:
            assert document.pop("total") == 1, path
            assert [value for value in document.values() if isinstance(value, list)] == [[]], path


async def test_a_slash_at_the_end_makes_no_difference(platform: Platform) -> None:
    """A redirect would lead to http:// behind a proxy that ends TLS."""
    await fill(platform)
    routes = Routes(platform)
    begins = {f"/{path.split('/')[1]}/" for _, path, _ in routes if path.count("/") > 1}
    assert begins == {*PREFIXES}
    for path in (platform.apis, platform.applications, "/accounts/api/me"):
        answers = [await platform.admin.ask("GET", path + end) for end in ("", "/")]
        assert answers[0] == answers[1]
    made = await platform.admin.ask("POST", f"{platform.applications}/", {"name": "watch"})
    assert made["name"] == "watch"


def _has_pages(operation: dict[str, Any]) -> bool:
    return any(each["name"] == "offset" for each in operation["parameters"])
