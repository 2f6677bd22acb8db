"""Applications and contracts as the vendor's clients ask for them, with what each of them sends."""

from typing import Any

import pytest

from control_plane.accounts.roles import Role
from control_plane.store.tables import Environment
from support.admin import Document
from tests.control_plane.conftest import ON_SQLITE, Platform
from tests.control_plane.pages.visitor import add_user
from tests.control_plane.test_roles import client_of

pytestmark = ON_SQLITE


def repository(platform: Platform) -> str:
    """The path of the applications in the older part of the platform."""
    return platform.applications.replace("/exchange/api/", "/apiplatform/repository/")


def exchange(platform: Platform, version: str, application_id: int) -> str:
    """The path of an application's contracts."""
    applications = platform.applications.replace("/v2/", f"/{version}/")
    return f"{applications}/{application_id}/contracts"


async def test_an_application_lives_in_the_older_part_of_the_platform(platform: Platform) -> None:
    """As anypoint-sdk and older clients send it: PUT with the name and what is to change."""
    ask, path = platform.admin.ask, repository(platform)
    body = {"name": "phone", "apiEndpoints": True, "grantTypes": ["client_credentials"]}
    body |= {"redirectUri": ["http://a.test"], "url": "", "description": ""}
    made = await ask("POST", path, body)
    assert made["clientSecret"]
    one = f"{path}/{made['id']}"
    changed = await ask("PUT", one, {"name": "tablet", "url": "http://b.test"})
    expected = {
        "name": "tablet",
        "url": "http://b.test",
        "grantTypes": ["client_credentials"],
        "apiEndpoints": True,
        "redirectUri": ["http://a.test"],
    }
    assert {name: changed[name] for name in expected} == expected
    assert await ask("GET", one) == changed
    query = {"ascending": "true", "filter": "all", "limit": 100, "literalMatch": "true"}
    query |= {"offset": 0, "sort": "name", "targetAdminSite": "true"}
    assert await ask("GET", path, **query) == {"total": 1, "applications": [changed]}
    assert await ask("GET", f"{platform.applications}/{made['id']}") == changed
    assert await ask("DELETE", one) is None
    assert (await ask("GET", path, targetAdminSite="true", query="tab"))["total"] == 0


async def test_what_an_application_says_is_kept_or_refused(platform: Platform) -> None:
    """Null says nothing; wrong values are named."""
    path = repository(platform)
    nothing = {"name": "a", "grantTypes": None, "redirectUri": None, "apiEndpoints": None}
    made = await platform.admin.ask("POST", path, nothing, apiInstanceId="1")
    found = (made["grantTypes"], made["redirectUri"], made["apiEndpoints"])
    assert found == ([], [], False)
    change = {"grantTypes": ["password"], "apiEndpoints": True}
    changed = await platform.admin.change_application(made["id"], **change)
    assert (changed["grantTypes"], changed["apiEndpoints"]) == (["password"], True)
    wrong = {"grantTypes": ["a\nb"], "apiEndpoints": "yes", "ownerId": "x"}
    refused = str(await platform.refusal("POST", path, wrong))
    for told in ("name: is required", "grantTypes.0: ", "apiEndpoints: must be true or false"):
        assert told in refused
    assert "ownerId: unknown field" in refused
    one = f"{path}/{made['id']}"
    assert "name: is required" in str(await platform.refusal("PUT", one, {"url": None}))
    assert "filter: must be 'all'" in str(await platform.refusal("GET", f"{path}?filter=mine"))


def bodies(platform: Platform, api_id: int, tier_id: int) -> list[tuple[str, Document]]:
    """What clients POST, with the version of Exchange that they ask."""
    known = platform.credentials
    common: dict[str, Any] = {
        "environmentId": known.environment_id,
        "organizationId": known.organization_id,
        "groupId": "org.example",
        "assetId": "orders",
        "version": "1.0.0",
        "acceptedTerms": True,
    }
    sdk = {"apiId": str(api_id), "instanceType": "api", "versionGroup": "v1"}
    agent = {"apiId": str(api_id), "id": 0, "status": "", "versionGroup": "v1"}
    java = {"apiId": api_id, "productAPIVersion": "v1"}
    assistant = {"apiId": str(api_id), "instanceType": "api", "requestedTierId": str(tier_id)}
    numbers = {"requestedTierId": tier_id}
    return [
        ("v2", common | numbers | sdk),
        ("v1", common | numbers | agent),
        ("v1", common | numbers | java),
        ("v2", common | assistant),
    ]


async def test_access_is_asked_for_as_clients_do_it(platform: Platform) -> None:
    """The answer and the list have the contract and what it is about."""
    admin = platform.admin
    api_id = (await admin.create_api("orders", instanceLabel="blue"))["id"]
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)], auto_approve=False)
    for number, (version, body) in enumerate(bodies(platform, api_id, tier["id"])):
        application = await admin.create_application(f"app {number}")
        path = exchange(platform, version, application["id"])
        made = await admin.ask("POST", path, body)
        assert (made["status"], made["requestedTierId"]) == ("PENDING", tier["id"])
        assert made["applicationId"] == application["id"]
        assert made["clientId"] == application["clientId"]
        assert (made["api"]["id"], made["api"]["assetId"]) == (api_id, "orders")
        for each in ("v1", "v2"):
            assert await admin.ask("GET", exchange(platform, each, application["id"])) == [made]
        older = f"{repository(platform)}/{application['id']}/contracts"
        [listed] = await admin.ask("GET", older)
        assert listed["apiVersion"]["api"]["name"] == "groupId:org.example:assetId:orders"


async def test_a_body_that_means_another_api_is_refused(platform: Platform) -> None:
    """Every difference is named, and no contract is made."""
    api_id, phone = await platform.api_and_application()
    path = exchange(platform, "v2", phone["id"])
    body = {"apiId": api_id, "environmentId": platform.credentials.environment_id}
    for wrong, status, told in (
        ({"assetId": "invoices", "groupId": "g"}, 400, "groupId: API instance 1 has 'org.example'"),
        ({"organizationId": "other"}, 400, "organizationId: API instance 1 has"),
        ({"apiId": "99"}, 404, "API instance 99 not found"),
        ({"apiId": "9" * 30}, 400, "apiId: must be a whole number"),
        ({"environmentId": "other"}, 404, "environment 'other' not found"),
        ({"instanceType": "api-group"}, 400, "instanceType: must be 'api'"),
        ({"requestedTierId": "9"}, 400, "requestedTierId: this API has no tier 9"),
        ({"applicationId": 1}, 400, "applicationId: unknown field"),
    ):
        refused = await platform.refusal("POST", path, body | wrong)
        assert (refused.status, told in str(refused)) == (status, True), str(refused)
    nobody = exchange(platform, "v2", 99)
    assert (await platform.refusal("POST", nobody, body)).status == 404
    assert (await platform.refusal("GET", nobody)).status == 404
    assert await platform.admin.ask("GET", path) == []


@pytest.mark.parametrize("part", ["api", "xapi"])
async def test_each_decision_is_an_operation_of_its_own(platform: Platform, part: str) -> None:
    """With an empty object as kloudtek's tools send it, and with no body as Axway's agent does."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    tiers = [
        await admin.create_tier(api_id, name, [(5, 1000)], auto_approve=False)
        for name in ("gold", "silver")
    ]
    contract = await admin.request_contract(api_id, phone["id"], tiers[0]["id"])
    path = f"{platform.apis}/{api_id}/contracts/{contract['id']}".replace("/api/v1", f"/{part}/v1")

    async def decide(decision: str, body: Any = None) -> tuple[Any, ...]:
        decided = await admin.ask("POST", f"{path}/{decision}", body)
        return decided["status"], decided["tierId"], decided["requestedTierId"]

    gold, silver = (tier["id"] for tier in tiers)
    assert await decide("reject", {}) == ("REJECTED", None, gold)
    assert await decide("restore") == ("APPROVED", gold, None)
    await admin.change_contract(api_id, contract["id"], requestedTierId=silver)
    refused = await platform.refusal(
        "PATCH", path.replace("/xapi/", "/api/"), {"requestedTierId": None}
    )
    assert "null takes no request back" in str(refused)
    assert await decide("reject") == ("APPROVED", gold, None)
    assert await decide("revoke", {}) == ("REVOKED", gold, None)
    for decision, body, status, told in (
        ("approve", None, 409, "can't approve a contract that is REVOKED; restore it"),
        ("approve", {"tierId": 1}, 400, "tierId: unknown field"),
        ("forget", None, 400, "decision: must be 'approve', 'reject', 'revoke' or 'restore'"),
    ):
        refused = await platform.refusal("POST", f"{path}/{decision}", body)
        assert (refused.status, told in str(refused)) == (status, True), str(refused)
    empty = {"Content-Type": "application/json", **admin.authorization}
    answer = await platform.anyone.post(f"{path}/restore", headers=empty, content=b"")
    assert answer.json()["status"] == "APPROVED"
    as_agent = platform.applications.partition("/applications")[0].replace("/v2/", "/v1/")
    environment = f"environments/{platform.credentials.environment_id}"
    one = f"{as_agent}/{environment}/apis/{api_id}/contracts/{contract['id']}"
    assert (await admin.ask("GET", one, masterOrganizationId="x"))["status"] == "APPROVED"


async def test_who_may_see_and_ask_is_decided_by_the_environment(platform: Platform) -> None:
    """A viewer of one environment sees its contracts, and may ask for none."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    known = platform.credentials
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=known.organization_id, name="Other"))
    add_user(platform, "ann", Role.VIEWER, "other")
    ann = await client_of(platform, "ann")
    path = exchange(platform, "v2", phone["id"])
    assert (await platform.anyone.get(path, headers=ann)).json() == []
    body = {"apiId": api_id, "environmentId": known.environment_id}
    for environment_id, status in ((known.environment_id, 404), ("other", 403)):
        asked = body | {"environmentId": environment_id}
        assert (await platform.anyone.post(path, json=asked, headers=ann)).status_code == status
    gateway = await platform.gateway.get(path)
    assert gateway.status_code == 403
    assert "contracts:read" in gateway.json()["message"]
