"""What people do with the vendor's tools, from beginning to end."""

import asyncio
import json
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

from anypoint_sdk.collectors.inventory import build_inventory

from tests.control_plane.many_apis import fill
from tests.control_plane.vendor_tools.cli_scenario import environment_for_tests
from tests.control_plane.vendor_tools.sdk_scenario import sdk_of
from tests.rig.anypoint_cli import running_cli
from tests.rig.control_plane import RunningControlPlane, running_control_plane

LIMITS: Final = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 1000}]}


async def test_the_command_line_promotes_an_api_to_production(tmp_path: Path) -> None:
    """With its policy and its tier, as a pipeline does it."""
    async with running_cli(tmp_path) as (platform, cli), environment_for_tests(platform) as test:

        async def run(command: str, *arguments: str, environment: str = "Test") -> None:
            answer = await cli.run(f"api-mgr:{command}", *arguments, "--environment", environment)
            assert answer.error is None, answer

        await run("api:manage", "orders", "1.0.0", "--isFlex", "--apiInstanceLabel", "eu")
        applied = ("1", "rate-limiting", "--policyVersion", "1.0.0", "--config", json.dumps(LIMITS))
        await run("policy:apply", *applied)
        await run("tier:add", "1", "--name", "Gold", "-l", "true,100,min")
        origin = test.credentials["environment_id"]
        await run("api:promote", "1", origin, environment="Production")

        apis, ask = apis_of(platform), platform.admin.ask
        [asset] = (await ask("GET", apis))["assets"]
        [copy] = asset["apis"]
        assert (copy["assetId"], copy["instanceLabel"]) == ("orders", "eu (Promoted)")
        [policy] = (await ask("GET", f"{apis}/{copy['id']}/policies"))["policies"]
        assert (policy["assetId"], policy["configuration"]) == ("rate-limiting", LIMITS)
        [tier] = (await ask("GET", f"{apis}/{copy['id']}/tiers"))["tiers"]
        assert (tier["name"], tier["limits"][0]["maximumRequests"]) == ("Gold", 100)


async def test_the_inventory_of_the_sdk_is_what_is_there(tmp_path: Path) -> None:
    """Policies, tiers and contracts of each API instance; then 1,000 more in one list."""
    async with running_control_plane(tmp_path) as platform:
        client_id = await _set_up(platform)
        bills, orders = sorted(await asyncio.to_thread(_inventory, platform), key=_NAME)
        assert [_NAME(each) for each in (bills, orders)] == ["bills", "orders"]
        assert (bills["api_version"], bills["policy_configurations"]) == ("v2", [])
        [policy] = orders["policy_configurations"]
        assert (policy["policy_name"], policy["policy_config"]) == ("rate-limiting", LIMITS)
        found = orders["metadata"]["anypoint_data"]
        [tier], [contract] = found["sla_tiers"], found["client_applications"]
        assert (tier["name"], tier["max_requests"], tier["time_period_seconds"]) == ("Gold", 10, 60)
        assert (contract["client_id"], contract["contract_status"]) == (client_id, "APPROVED")
        assert (contract["app_name"], contract["sla_tier_name"]) == ("Shop", "Gold")

        fill(platform.services.database, platform.credentials, 1_000)
        ids = await asyncio.to_thread(_ids, platform)
        assert (len(ids), len(set(ids))) == (1_002, 1_002)


_NAME: Final = itemgetter("api_name")


async def _set_up(platform: RunningControlPlane) -> str:
    """Two API instances, one of them with a policy and a contract: the client id of the latter."""
    admin = platform.admin
    api = await admin.create_api("orders")
    await admin.create_api("bills", "2.1.0")
    await admin.apply_policy(api["id"], "rate-limiting", LIMITS)
    tier = await admin.create_tier(api["id"], "Gold", [(10, 60_000)])
    application = await admin.create_application("Shop")
    await admin.request_contract(api["id"], application["id"], tier["id"])
    return str(application["clientId"])


def _inventory(platform: RunningControlPlane) -> list[dict[str, Any]]:
    with sdk_of(platform, "inventory") as sdk:
        found: list[dict[str, Any]] = build_inventory(sdk.client)
        return found


def _ids(platform: RunningControlPlane) -> list[int]:
    with sdk_of(platform, "list") as sdk:
        return [each["id"] for each in sdk.apis.list_instances(sdk.org, sdk.env)]


def apis_of(platform: RunningControlPlane) -> str:
    """The path of the API instances in Production."""
    organization, environment = (
        platform.credentials.organization_id,
        platform.credentials.environment_id,
    )
    return f"/apimanager/api/v1/organizations/{organization}/environments/{environment}/apis"
