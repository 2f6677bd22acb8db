"""Policy templates: which types of policies there are, and what each takes."""

import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import Platform
from tests.control_plane.pages.visitor import add_user
from tests.control_plane.test_roles import client_of, other_environment

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


async def test_a_template_says_what_a_new_policy_names(platform: Platform) -> None:
    """A script needs nothing else to apply one, and its schema has the help of the form."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    path = f"{platform.organization}/policy-templates"
    listed = await platform.admin.ask("GET", f"{path}?apiInstanceId={api_id}&version=v4.1")
    assert listed["total"] == len(listed["data"]) >= 17
    template = await platform.admin.ask("GET", f"{path}/rate-limiting")
    assert template in listed["data"]
    schema = template["configurationSchema"]
    configuration = {"rateLimits": schema["properties"]["rateLimits"]["examples"][0]}
    body = {name: template[name] for name in ("groupId", "assetId", "assetVersion")}
    policies = f"{platform.apis}/{api_id}/policies"
    applied = await platform.admin.ask(
        "POST", policies, body | {"configurationData": configuration}
    )
    assert applied["assetId"] == "rate-limiting"


@pytest.mark.parametrize(
    ("query", "status", "part"),
    [
        ("/rate-limit", 404, "did you mean rate-limiting?"),
        ("?apiInstanceId=99", 404, "API instance 99 not found"),
        ("?apiInstanceId=x", 400, "apiInstanceId"),
        ("?version=4", 400, "version"),
        ("?verison=v4", 400, "did you mean version?"),
    ],
)
async def test_a_wrong_question_is_refused(
    platform: Platform, query: str, status: int, part: str
) -> None:
    """The answer names what is wrong."""
    path = f"{platform.organization}/policy-templates{query}"
    refusal = await platform.refusal("GET", path)
    assert refusal.status == status
    assert part in str(refusal)


async def test_who_may_see_no_api_instance_sees_no_template(platform: Platform) -> None:
    """A role is needed, and an API instance of another environment is none."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    add_user(platform, "eve", Role.VIEWER, other_environment(platform))
    add_user(platform, "nobody", None)
    path = f"{platform.organization}/policy-templates"

    async def status_for(name: str, query: str = "") -> int:
        headers = await client_of(platform, name)
        return (await platform.anyone.get(path + query, headers=headers)).status_code

    assert await status_for("nobody") == 403
    assert await status_for("eve") == 200
    assert await status_for("eve", f"?apiInstanceId={api_id}") == 404
    assert (await platform.gateway.get(path)).status_code == 200
