"""Names and descriptions: which characters the JSON API takes, and that it names what is wrong."""

from typing import Any

import httpx
import pytest

from tests.control_plane.conftest import Platform

INVISIBLE = "remove the line ends and the invisible characters"


async def _sent(platform: Platform, path: str, body: dict[str, Any]) -> httpx.Response:
    return await platform.anyone.post(path, json=body, headers=platform.admin.authorization)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("n\0x", INVISIBLE),
        ("two\nlines", INVISIBLE),
        ("\u200b", INVISIBLE),
        ("\u202eabc", INVISIBLE),
        ("a\u2028b", INVISIBLE),
        (" ", "must not be blank"),
    ],
)
async def test_a_name_is_one_visible_line(platform: Platform, name: str, expected: str) -> None:
    """Of applications, tiers and API instances; nothing is stored."""
    await platform.admin.create_api("orders")
    limits = [{"maximumRequests": 1, "timePeriodInMilliseconds": 1000, "visible": True}]
    tier = {"name": name, "limits": limits, "autoApprove": True, "status": "ACTIVE"}
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    for path, body, field in (
        (platform.applications, {"name": name}, "name"),
        (f"{platform.apis}/1/tiers", tier, "name"),
        (platform.apis, {"spec": spec | {"assetId": name}}, "spec.assetId"),
        (platform.apis, {"spec": spec, "instanceLabel": name}, "instanceLabel"),
        (platform.apis, {"spec": spec, "tags": [name]}, "tags.0"),
    ):
        refused = await _sent(platform, path, body)
        assert refused.status_code == 400
        assert f"{field}: {expected}" in refused.json()["message"]


async def test_a_description_has_lines_but_no_control_characters(platform: Platform) -> None:
    """Names may have any visible character."""
    visible = {"name": "Größe 😀 «x»", "description": "two\nlines\tand a tab"}
    assert (await _sent(platform, platform.applications, visible)).status_code == 201
    for text in ("a\0", "a\x1b[31m"):
        refused = await _sent(platform, platform.applications, {"name": "x", "description": text})
        assert refused.status_code == 400
        assert "description: remove the control characters" in refused.json()["message"]


@pytest.mark.parametrize(
    "url",
    [
        *("javascript:alert(1)", "http://", "http://[", "http://a b", "http://x:99999", "//x"),
        *("ftp://x", "orders", "http://:80", "http://x:0", "http://\u202ex"),
    ],
)
@pytest.mark.parametrize("member", ["uri", "proxyUri"])
async def test_an_endpoint_is_a_url_with_a_host(platform: Platform, url: str, member: str) -> None:
    """Otherwise the address would lead nowhere."""
    spec = {"groupId": "g", "assetId": "a", "version": "1"}
    body = {"spec": spec, "endpoint": {member: url}}
    refused = await _sent(platform, platform.apis, body)
    assert refused.status_code == 400
    assert f"endpoint.{member}: " in refused.json()["message"]


@pytest.mark.parametrize(
    "url",
    ["http://0.0.0.0:8081/api", "https://[::1]:8443/", "grpc://orders:50051", "HTTP://A.test"],
)
async def test_addresses_of_all_kinds_are_taken(platform: Platform, url: str) -> None:
    """With a port, of IPv6, and for other protocols."""
    await platform.admin.create_api("orders", endpoint={"uri": url, "proxyUri": None})
