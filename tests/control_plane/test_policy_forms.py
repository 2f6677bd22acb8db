"""The two forms of the list of policies: what the live platform shows, and the official array."""

from typing import Any

import pytest
from sqlalchemy import update

from control_plane.store.tables import AutomatedPolicy
from tests.control_plane.conftest import Platform

RATE_LIMITS = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}


@pytest.fixture
async def api_path(platform: Platform) -> str:
    """The policies of an API instance that has an active policy and a disabled one."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    await platform.admin.apply_policy(api_id, "rate-limiting", RATE_LIMITS, policyTemplateId="1939")
    await platform.admin.apply_policy(api_id, "access-block", {}, disabled=True)
    return f"{platform.apis}/{api_id}/policies"


async def _get(platform: Platform, path: str, **headers: str) -> Any:
    response = await platform.gateway.get(path, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("query", ["", "?fullInfo=true"])
async def test_clients_of_the_live_platform_find_their_names(
    platform: Platform, api_path: str, query: str
) -> None:
    """They read `policies`, and in it `policyId`, `configuration` and `template`."""
    answer = await _get(platform, api_path + query)
    assert list(answer) == ["policies"]
    [policy] = answer["policies"]
    assert policy["policyId"] == policy["id"]
    assert policy["configuration"] == policy["configurationData"] == RATE_LIMITS
    assert policy["template"] == {
        "groupId": policy["groupId"],
        "assetId": "rate-limiting",
        "assetVersion": "1.0.0",
    }
    assert policy["implementationAsset"]["technology"] == "flexGateway"
    assert (policy["policyTemplateId"], policy["type"]) == ("1939", "system")
    assert (policy["order"], policy["pointcutData"]) == (1, None)
    assert (policy["assetId"], policy["disabled"]) == ("rate-limiting", False)


async def test_without_full_info_the_answer_is_an_array(platform: Platform, api_path: str) -> None:
    """All policies, disabled ones too, without templates, under both kinds of names."""
    active, disabled = await _get(platform, f"{api_path}?fullInfo=false")
    assert (active["disabled"], disabled["disabled"]) == (False, True)
    assert active["policyId"] == active["id"]
    assert active["configuration"] == active["configurationData"] == RATE_LIMITS
    assert active["assetId"] == "rate-limiting"
    assert not {"template", "implementationAsset"} & active.keys()


async def test_one_policy_shows_what_the_list_shows(platform: Platform, api_path: str) -> None:
    """A policy has one document, whether it is applied, read or listed."""
    [listed] = (await _get(platform, api_path))["policies"]
    assert await _get(platform, f"{api_path}/{listed['id']}") == listed


async def test_the_array_is_never_answered_not_modified(platform: Platform, api_path: str) -> None:
    """The date of the other form says nothing about a form that the client has not seen."""
    platform.clock.move(seconds=10)
    since = {"If-Modified-Since": (await platform.gateway.get(api_path)).headers["Date"]}
    assert (await platform.gateway.get(api_path, headers=since)).status_code == 304
    assert len(await _get(platform, f"{api_path}?fullInfo=false", **since)) == 2


async def test_a_template_id_may_be_a_number(platform: Platform, api_path: str) -> None:
    """Terraform sends the template's id as a number, and reads text."""
    body = {
        "assetId": "cors",
        "assetVersion": "1.0.0",
        "configurationData": {},
        "policyTemplateId": 348741,
    }
    made = await platform.admin.ask("POST", api_path, body)
    assert made["policyTemplateId"] == "348741"


async def test_an_automated_policy_names_its_implementations(platform: Platform) -> None:
    """Live clients read `implementationAssets`, one for each technology that the rule names."""
    rule = {
        "environmentId": platform.credentials.environment_id,
        "technologies": ["mule4"],
    }
    made = await platform.admin.apply_automated_policy("access-block", {}, ruleOfApplication=rule)
    assert made["implementationAssets"] == [
        {
            "groupId": made["groupId"],
            "assetId": "access-block",
            "version": "1.0.0",
            "technology": "mule4",
        }
    ]
    made = await platform.admin.apply_automated_policy("cors", {})
    assert [asset["technology"] for asset in made["implementationAssets"]] == ["flexGateway"]


async def test_a_damaged_rule_does_not_spoil_the_list(platform: Platform) -> None:
    """Gateways still get all automated policies of the environment."""
    await platform.admin.apply_automated_policy("cors", {})
    damaged = update(AutomatedPolicy).values(rule_of_application="damaged")
    with platform.services.database.write() as session:
        session.execute(damaged)
    path = f"{platform.organization}/automated-policies"
    query = f"?environmentId={platform.credentials.environment_id}"
    assert (await platform.damaged(path + query))["total"] == 1
