"""Policy templates: which types of policies there are, and what each takes."""

import json
from typing import Any

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
    assert len(listed) >= 17
    template = await platform.admin.ask("GET", f"{path}/rate-limiting")
    assert template in listed
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


async def test_a_template_names_its_settings_as_the_vendor_does(platform: Platform) -> None:
    """`policy:describe` of the vendor's command line shows them."""
    path = f"{platform.organization}/policy-templates"
    found = (await platform.admin.ask("GET", f"{path}/rate-limiting"))["configuration"]
    limits, *others = found
    assert (limits["propertyName"], limits["optional"], limits["allowMultiple"]) == (
        *("rateLimits", False, True),
    )
    assert [(each["propertyName"], each["type"]) for each in limits["configuration"]] == [
        *(("maximumRequests", "integer"), ("timePeriodInMilliseconds", "integer")),
    ]
    expose = next(each for each in others if each["propertyName"] == "exposeHeaders")
    assert (expose["type"], expose["optional"], expose["defaultValue"]) == ("boolean", True, False)
    token = (await platform.admin.ask("GET", f"{path}/jwt-validation"))["configuration"][0]
    assert "httpBearerAuthenticationHeader" in [each["value"] for each in token["options"]]


async def test_exchange_has_the_same_templates(platform: Platform) -> None:
    """Where Terraform and `anypoint-platform-api-py` look for them; ids are numbers there."""
    path = f"{platform.organization}/exchange-policy-templates".replace("/api/", "/xapi/")
    listed = await platform.admin.ask("GET", path, latest="true")
    [cors] = [each for each in listed if each["assetId"] == "cors"]
    assert len({each["id"] for each in listed}) == len(listed)
    own = f"{path}/{cors['groupId']}/cors/{cors['version']}"
    assert await platform.admin.ask("GET", own, splitModel="true") == cors
    assert (await platform.refusal("GET", own.replace("cors", "corps"))).status == 404
    assert (await platform.refusal("GET", own.replace(cors["groupId"], "g"))).status == 404
    assert (await platform.refusal("GET", f"{path}?apiInstanceId=9")).status == 404


LIST = '{ assets(types: "policy", limit: 100, offset: 0) { groupId assetId __typename } }'
ONE = "query($assetId: String!) { asset(assetId: $assetId) { name files { externalLink } } }"


async def test_the_queries_of_the_vendors_command_line(platform: Platform) -> None:
    """The list of policies, one of them, and the link in it, which is read without a token."""
    token = platform.admin.authorization["Authorization"].removeprefix("Bearer ")

    async def answer(query: str, **variables: str) -> dict[str, Any]:
        body = {"query": query, "variables": {"accessToken": token} | variables}
        response = await platform.anyone.post("/graph/api/v2/graphql", json=body)
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    listed = (await answer(LIST))["data"]["assets"]
    assert {"cors", "rate-limiting"} < {asset["assetId"] for asset in listed}
    names = {"groupId": listed[0]["groupId"], "assetId": "cors", "version": "1.0.0"}
    asset = (await answer(ONE, **names))["data"]["asset"]
    link = asset["files"][0]["externalLink"]
    definition = await platform.anyone.get(link)
    assert definition.headers["content-type"].startswith("text/plain")
    document = json.loads(definition.text.partition("\n")[2])
    assert document["configuration"][0]["propertyName"] == "publicResource"
    assert (await platform.anyone.get(link.replace("cors", "corps"))).status_code == 404
    for query, told in ((ONE, "policy 'corps' not found"), ("{ me { id } }", "only the queries")):
        [error] = (await answer(query, **names | {"assetId": "corps"}))["errors"]
        assert told in error["message"]
    for variables in ({}, {"accessToken": "no-such"}):
        body = {"query": LIST, "variables": variables}
        refused = await platform.anyone.post("/graph/api/v1/graphql", json=body)
        assert refused.status_code == 401


async def test_the_types_are_assets_of_exchange(platform: Platform) -> None:
    """They belong to the vendor's group; without a role, nobody sees them."""
    ask, path = platform.admin.ask, "/exchange/api/v2/assets"
    listed = await ask("GET", path, search="policy", limit=250)
    assert len(listed) >= 17
    [found] = await ask("GET", path, search="CORS", type="policy")
    assert found["assetId"] == "cors"
    assert await ask("GET", path, offset=1, limit=2) == listed[1:3]
    assert await ask("GET", path, type="rest-api") == []
    ours = platform.credentials.organization_id
    assert await ask("GET", path, organizationId=ours) == []
    assert await ask("GET", path, organizationIds=[ours, found["groupId"]]) == listed
    one = f"{path}/{found['groupId']}/cors"
    assert await ask("GET", one) == await ask("GET", f"{one}/1.0.0") == found
    for wrong in (f"{path}/g/cors", f"{path}/{found['groupId']}/corps"):
        assert (await platform.refusal("GET", wrong)).status == 404
    add_user(platform, "nobody", None)
    headers = await client_of(platform, "nobody")
    assert (await platform.anyone.get(path, headers=headers)).status_code == 403
