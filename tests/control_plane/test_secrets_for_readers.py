"""Who reads the secrets of policies through the JSON API."""

from typing import Any

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import add_user
from tests.control_plane.test_roles import client_of

SECRET = "hidden-from-readers"
TOKEN = {"username": "ann", "password": SECRET}
OWN = {
    "apiKey": {"inner": SECRET},
    "tokens": [SECRET],
    "headers": [{"key": "Authorization", "value": SECRET}],
    "url": f"https://u:{SECRET}@idp.test/",
}


@pytest.fixture
async def paths(platform: Platform) -> list[str]:
    """Everything that answers policies, for an API instance with policies that have secrets."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    first = await platform.admin.apply_policy(api_id, "http-basic-authentication", TOKEN)
    await platform.admin.apply_policy(api_id, "our-own", OWN, allow_unknown=True)
    await platform.admin.apply_policy(api_id, "our-other", OWN, allow_unknown=True, disabled=True)
    everywhere = await platform.admin.apply_automated_policy("our-own", OWN, allow_unknown=True)
    own = f"{platform.apis}/{api_id}/policies"
    automated = f"{platform.organization}/automated-policies"
    return [
        own,
        f"{own}?fullInfo=false",
        f"{own}/{first['id']}",
        f"{own}/{first['id'] + 1}",
        f"{automated}?environmentId={platform.credentials.environment_id}",
        f"{automated}/{everywhere['id']}",
    ]


async def _answers(platform: Platform, paths: list[str], headers: Any) -> list[str]:
    found = []
    for path in paths:
        response = await platform.anyone.get(path, headers=headers)
        assert response.status_code == 200, (path, response.text)
        found.append(response.text)
    return found


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_readers_get_masks(platform: Platform, paths: list[str], role: Role) -> None:
    """They see which policies apply, and what is no secret."""
    add_user(platform, "rita", role)
    answers = await _answers(platform, paths, await client_of(platform, "rita"))
    for path, answer in zip(paths, answers, strict=True):
        assert SECRET not in answer, path
        assert "***" in answer, path
    assert '"username":"ann"' in answers[0]


async def test_gateways_and_admins_get_the_secrets(platform: Platform, paths: list[str]) -> None:
    """Gateways need them, and admins may write them."""
    add_user(platform, "anna", Role.API_ADMIN)
    for headers in (platform.gateway.headers, await client_of(platform, "anna")):
        for path, answer in zip(paths, await _answers(platform, paths, headers), strict=True):
            assert SECRET in answer, path
            assert "***" not in answer, path


async def test_readers_get_no_credentials_of_endpoints(platform: Platform) -> None:
    """An address may have some, which are only for those who may change it."""
    endpoint = {
        "uri": f"https://u:{SECRET}@up.test/x",
        "proxyUri": f"https://u:p@{SECRET}@up.test/",
        "ours": {"token": [SECRET]},
    }
    upstream = {"uri": f"https://u:{SECRET}@up.test/x"}
    api = await platform.admin.create_api(
        "orders",
        endpoint=endpoint,
        endpointUri=upstream["uri"],
        routing=[{"upstreams": [upstream], "rules": {"headers": {"authorization": SECRET}}}],
        deployment={"password": SECRET, "targetUri": upstream["uri"]},
    )
    own = f"{platform.apis}/{api['id']}"
    paths = [platform.apis, own, platform.apis.replace("/api/", "/xapi/")]
    add_user(platform, "rita", Role.OPERATOR)
    for answer in await _answers(platform, paths, await client_of(platform, "rita")):
        assert SECRET not in answer
        assert answer.count("https://***@up.test/x") == 4
    [listed] = await _answers(platform, [f"{own}/upstreams"], await client_of(platform, "rita"))
    assert SECRET not in listed
    for answer in await _answers(platform, paths, platform.gateway.headers):
        assert "***" not in answer
