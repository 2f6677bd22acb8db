"""What the owner of a client application sees of its quotas, and nobody else."""

from typing import Any

import httpx
import pytest
from sqlalchemy import update

from control_plane.clock import iso
from control_plane.store.tables import Policy
from support.admin import Document
from tests.control_plane.conftest import Platform
from tests.control_plane.events import denied, event, send

PATH = "/policy-control-plane/v1/client/quota"
LIMITS = [(10, 60_000), (100, 3_600_000), (7, 1500)]


async def contract(platform: Platform) -> tuple[int, Document]:
    """An API instance, and an application with a contract on a tier."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "Gold", LIMITS)
    await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    return api_id, phone


async def ask(platform: Platform, client_id: str, secret: str, **query: Any) -> httpx.Response:
    """The answer to these credentials."""
    return await platform.anyone.get(PATH, auth=(client_id, secret), params=query)


async def test_the_owner_sees_use_and_limits(platform: Platform) -> None:
    """All limits of the contract; requests of others change nothing."""
    api_id, phone = await contract(platform)
    own = {"api_id": api_id, "client_id": phone["clientId"]}
    now = iso(platform.clock.now())
    batch = [event(platform, **own) for _ in range(3)] + [denied(platform, **own)]
    batch += [event(platform, api_id=api_id, client_id="other")]
    assert (await send(platform, batch)).is_success
    policy = {"exposeHeaders": True}
    await platform.admin.apply_policy(api_id, "rate-limiting-sla-based", policy)
    common: dict[str, Any] = {
        "rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 500}],
        "keySelector": "#[attributes.queryParams['secret-key']]",
    }
    await platform.admin.apply_policy(api_id, "rate-limiting", common)
    answer = await ask(platform, phone["clientId"], phone["clientSecret"])
    assert answer.status_code == 200
    assert "other" not in answer.text
    assert "secret-key" not in answer.text
    document = answer.json()
    assert (document["clientId"], document["name"]) == (phone["clientId"], "phone")
    assert document["total"] == 1
    [found] = document["apis"]
    assert (found["apiId"], found["name"], found["tier"]) == (api_id, "orders", "Gold")
    assert found["tierIsApplied"] is True
    assert (found["refusedLastDay"], found["refusedLastWeek"]) == (1, 1)
    assert [each["periodSeconds"] for each in found["limits"]] == [60, 3600, 1.5]
    assert [each["used"] for each in found["limits"]] == [3, 3, 3]
    assert [each["left"] for each in found["limits"]] == [7, 97, 4]
    assert {each["asOf"] for each in found["limits"]} == {now}
    assert all(each["resetsAt"] > now for each in found["limits"])
    assert found["commonLimits"] == [
        {
            "policy": "rate-limiting",
            "limit": 5,
            "periodSeconds": 0.5,
            "countedFor": "each value of a key",
        }
    ]


async def test_contracts_that_give_no_access_are_not_there(platform: Platform) -> None:
    """Only approved ones count, in parts of the size that is asked for."""
    api_id, phone = await contract(platform)
    other = (await platform.admin.create_api("carts"))["id"]
    made = await platform.admin.request_contract(other, phone["id"])
    credentials = (phone["clientId"], phone["clientSecret"])
    second = (await ask(platform, *credentials, offset=1, limit=1)).json()
    assert second["total"] == 2
    [found] = second["apis"]
    assert (found["apiId"], found["tier"], found["limits"]) == (other, None, [])
    await platform.admin.revoke(other, made["id"])
    document = (await ask(platform, *credentials)).json()
    assert [each["apiId"] for each in document["apis"]] == [api_id]
    assert document["apis"][0]["limits"][0]["asOf"] is None
    assert (await ask(platform, *credentials, limit=101)).status_code == 400


@pytest.mark.parametrize(
    "configuration",
    [
        {},
        {"rateLimits": 7},
        {"rateLimits": ["x", {}, {"maximumRequests": "a", "timePeriodInMilliseconds": 1}]},
        {"rateLimits": [{"maximumRequests": 0, "timePeriodInMilliseconds": "9" * 40}]},
    ],
    ids=["empty", "number", "mixed", "bounds"],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_a_policy_that_cannot_be_read_limits_nothing(
    platform: Platform, configuration: dict[str, Any]
) -> None:
    """An older version may have stored it."""
    api_id, phone = await contract(platform)
    limits = {"rateLimits": [{"maximumRequests": 5, "timePeriodInMilliseconds": 500}]}
    await platform.admin.apply_policy(api_id, "rate-limiting", limits)
    with platform.services.database.write() as session:
        session.execute(update(Policy).values(configuration=configuration))
    answer = await ask(platform, phone["clientId"], phone["clientSecret"])
    assert answer.json()["apis"][0]["commonLimits"] == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_both_secrets_work_during_an_overlap(platform: Platform) -> None:
    """And only the new one afterwards."""
    _, phone = await contract(platform)
    client_id, old = phone["clientId"], phone["clientSecret"]
    new = await platform.admin.reset_secret(phone["id"], overlap_s=3600)
    for secret in (old, new):
        assert (await ask(platform, client_id, secret)).status_code == 200
    platform.clock.move(seconds=3601)
    assert (await ask(platform, client_id, old)).status_code == 401
    assert (await ask(platform, client_id, new)).status_code == 200


async def test_bad_credentials_are_refused_without_a_hint(platform: Platform) -> None:
    """An unknown id gets the answer of a wrong secret; so does an application without a secret."""
    _, phone = await contract(platform)
    path = f"{platform.organization}/applications"
    await platform.admin.ask(
        "POST", path, {"clientId": "imported", "providerId": "a1b2c3d4-0000-4000-8000-000000000001"}
    )
    answers = [
        await ask(platform, phone["clientId"], "wrong"),
        await ask(platform, "nobody", phone["clientSecret"]),
        await ask(platform, "imported", ""),
        await ask(platform, "no\0body", "x"),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    nothing = await platform.anyone.get(PATH)
    for answer in (nothing, *answers):
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    for header in ("Basic !", "Bearer x", "Basic eA=="):
        answer = await platform.anyone.get(PATH, headers={"Authorization": header})
        assert answer.status_code == 401


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_guesses_are_slowed_down(platform: Platform) -> None:
    """After ten wrong secrets the right one has to wait too; users are not kept out."""
    _, phone = await contract(platform)
    for _ in range(10):
        assert (await ask(platform, phone["clientId"], "wrong")).status_code == 401
    refused = await ask(platform, phone["clientId"], phone["clientSecret"])
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    platform.clock.move(minutes=16)
    assert (await ask(platform, phone["clientId"], phone["clientSecret"])).status_code == 200
