"""What each role may do on the JSON API. Pages use the same table."""

from itertools import pairwise
from typing import Any

import httpx
import pytest

from control_plane.accounts.roles import PERMISSIONS, USER_ROLES, Permission, Role, roles_with
from control_plane.store.tables import Environment
from tests.control_plane.conftest import Platform
from tests.control_plane.official_bodies import ALERT_EXAMPLE
from tests.control_plane.pages.visitor import PASSWORD, add_user

EVERYWHERE = (*USER_ROLES,)
ADMINS = (Role.API_ADMIN, Role.OWNER)
OPERATORS = (Role.OPERATOR, *ADMINS)

API = {"spec": {"groupId": "g", "assetId": "a", "version": "1"}}
POLICY = {"assetId": "cors", "assetVersion": "1.0.0", "configurationData": {}}


def requests(platform: Platform) -> list[tuple[str, str, Any, tuple[Role, ...]]]:
    """One request for each permission, and the roles that may make it."""
    environment_id = platform.credentials.environment_id
    rule = {"ruleOfApplication": {"environmentId": environment_id}}
    automated = f"{platform.organization}/automated-policies"
    return [
        ("GET", platform.apis, None, EVERYWHERE),
        ("POST", platform.apis, API, ADMINS),
        ("GET", f"{platform.apis}/1/policies", None, EVERYWHERE),
        ("POST", f"{platform.apis}/1/policies", POLICY, ADMINS),
        ("GET", f"{automated}?environmentId={environment_id}", None, EVERYWHERE),
        ("POST", automated, POLICY | rule, ADMINS),
        ("GET", f"{platform.apis}/1/contracts", None, EVERYWHERE),
        ("PATCH", f"{platform.apis}/1/contracts/1", {"status": "REVOKED"}, ADMINS),
        ("GET", f"{platform.apis}/1/alerts", None, EVERYWHERE),
        ("POST", f"{platform.apis}/1/alerts", ALERT_EXAMPLE, ADMINS),
        ("GET", platform.applications, None, EVERYWHERE),
        ("PATCH", f"{platform.applications}/1", {"name": "a"}, ADMINS),
        ("GET", f"{platform.analytics}/summary?groupBy=api", None, EVERYWHERE),
        ("GET", f"{platform.analytics}/events?format=json", None, OPERATORS),
        ("GET", platform.feed(1), None, ADMINS),
        ("GET", platform.environments, None, EVERYWHERE),
        ("POST", platform.environments, {"name": "Sandbox"}, (Role.OWNER,)),
        ("POST", "/v2/analytics/events", None, ()),
    ]


async def client_of(platform: Platform, name: str) -> dict[str, str]:
    """The header with a token of this user."""
    login = {"username": name, "password": PASSWORD}
    response = await platform.anyone.post("/accounts/login", json=login)
    assert response.status_code == 200, response.text
    return {"Authorization": f"Bearer {response.json()['access_token']}"}


async def ask(
    platform: Platform, request: tuple[str, str, Any, tuple[Role, ...]], headers: dict[str, str]
) -> httpx.Response:
    """The answer to the request."""
    method, path, body, _ = request
    more = {"X-Accept-Hash-Algorithm": "sha256"}
    return await platform.anyone.request(method, path, json=body, headers=headers | more)


@pytest.mark.parametrize("role", USER_ROLES)
async def test_each_role_may_do_what_the_table_says(platform: Platform, role: Role) -> None:
    """Everything else is 403, and names the permission and who has it."""
    api_id, application = await platform.api_and_application()
    await platform.admin.request_contract(api_id, application["id"])
    add_user(platform, "ann", role)
    headers = await client_of(platform, "ann")
    for request in requests(platform):
        response = await ask(platform, request, headers)
        if role in request[3]:
            assert response.is_success, (request[:2], response.text)
        else:
            assert response.status_code == 403, request[:2]
            assert response.json()["message"].startswith("the permission ")


async def test_a_refusal_names_the_permission_and_who_has_it(platform: Platform) -> None:
    """The user knows what to ask for."""
    add_user(platform, "ann", Role.VIEWER)
    headers = await client_of(platform, "ann")
    response = await platform.anyone.post(platform.apis, json=API, headers=headers)
    assert response.json()["message"] == (
        "the permission apis:write is missing: your role in this environment is viewer;"
        " api-admin or owner has it"
    )


async def test_a_role_in_one_environment_ends_at_its_border(platform: Platform) -> None:
    """Other environments do not exist; what belongs to the organization can't be changed."""
    other = other_environment(platform)
    add_user(platform, "ann", Role.API_ADMIN, platform.credentials.environment_id)
    headers = await client_of(platform, "ann")
    foreign = platform.apis.replace(platform.credentials.environment_id, other)
    rule = {"ruleOfApplication": {"environmentId": other}}
    automated = f"{platform.organization}/automated-policies"
    for method, path, body, status in (
        ("GET", platform.apis, None, 200),
        ("POST", platform.apis, API, 201),
        ("GET", foreign, None, 404),
        ("POST", foreign, API, 404),
        ("POST", automated, POLICY | rule, 404),
        ("GET", f"{automated}?environmentId={other}", None, 404),
        ("POST", platform.applications, {"name": "a"}, 403),
    ):
        response = await platform.anyone.request(method, path, json=body, headers=headers)
        assert response.status_code == status, (method, path, response.text)
    found = (await platform.anyone.get(platform.environments, headers=headers)).json()["data"]
    assert [row["id"] for row in found] == [platform.credentials.environment_id]


async def test_a_policy_can_not_be_moved_to_an_environment_of_others(platform: Platform) -> None:
    """Who may write here only may not write there through here."""
    other = other_environment(platform)
    await platform.admin.apply_automated_policy("cors", {})
    add_user(platform, "ann", Role.API_ADMIN, platform.credentials.environment_id)
    headers = await client_of(platform, "ann")
    path = f"{platform.organization}/automated-policies/1"
    body = {"ruleOfApplication": {"environmentId": other}}
    assert (await platform.anyone.patch(path, json=body, headers=headers)).status_code == 404
    add_user(platform, "bob", Role.VIEWER)
    headers = await client_of(platform, "bob")
    assert (await platform.anyone.delete(path, headers=headers)).status_code == 403


def other_environment(platform: Platform) -> str:
    """The id of a second environment."""
    with platform.services.database.write() as session:
        organization_id = platform.credentials.organization_id
        session.add(Environment(id="other", organization_id=organization_id, name="Sandbox"))
    return "other"


def test_each_role_has_the_permissions_of_those_before_it() -> None:
    """So the roles can be explained in one line each."""
    for lower, higher in pairwise(USER_ROLES):
        assert PERMISSIONS[lower] < PERMISSIONS[higher]
    users = {permission for role in USER_ROLES for permission in PERMISSIONS[role]}
    assert users | PERMISSIONS[Role.GATEWAY] == set(Permission)
    assert roles_with(Permission.USERS_WRITE) == [Role.OWNER]
