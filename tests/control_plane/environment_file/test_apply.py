"""Applying files: what is in the file is there afterwards, once and with the same ids."""

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import select

from control_plane.store.tables import AuditEntry, ClientApplication
from tests.control_plane.conftest import ON_BOTH_DATABASES, ON_SQLITE, Platform
from tests.control_plane.environment_file.conftest import Environment
from tests.control_plane.environment_file.contents import LIMITS, Document, documents

RATE: Document = {
    "assetId": "rate-limiting",
    "configurationData": {"rateLimits": [{"maximumRequests": 9, "timePeriodInMilliseconds": 1000}]},
}
INJECTION: Document = {
    "assetId": "credential-injection-basic-auth",
    "configurationData": {"username": "u", "password": "hush", "overwrite": False},
}
CORS: Document = {"assetId": "cors", "configurationData": {"publicResource": True}}
EMPTY: Document = {"version": 1}


def api(**members: Any) -> Document:
    """A file with one API instance."""
    spec = {"groupId": "g", "assetId": "orders", "assetVersion": "1.0.0"}
    return {"version": 1, "apis": [spec | members]}


@ON_SQLITE
@given(wanted=documents())
@settings(
    max_examples=4,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.generate],  # to shrink an example would take minutes
)
async def test_a_file_is_what_an_empty_environment_becomes(
    environment: Environment, wanted: Document
) -> None:
    """And applying it again, or its export, changes nothing."""
    await environment.apply(EMPTY, prune=True)
    await environment.apply(wanted, prune=True)
    assert await environment.apply(wanted, prune=True) == []
    for with_secrets in (True, False):
        exported = await environment.export(withSecrets=with_secrets)
        assert await environment.diff(exported, prune=True) == []
    moved = await environment.export(withSecrets=True, withIds=False)
    await environment.apply(EMPTY, prune=True)
    await environment.apply(moved)
    assert await environment.export(withSecrets=True, withIds=False) == moved


@ON_BOTH_DATABASES
async def test_changes_keep_ids_and_order(environment: Environment, platform: Platform) -> None:
    """Things are found again by what the page of the format says, and changed in place."""
    tier = {"name": "Gold", "limits": LIMITS}
    wanted = api(policies=[RATE, INJECTION, RATE], tiers=[tier])
    await environment.apply(wanted)
    first = await environment.export()
    assert [policy.get("id") for policy in first["apis"][0]["policies"]] == [1, None, 3]
    changed = deepcopy(first)
    changed["apis"][0] |= {"assetVersion": "2.0.0", "instanceLabel": "eu"}
    changed["apis"][0]["policies"] = [CORS, *reversed(first["apis"][0]["policies"][1:])]
    changed["apis"][0]["tiers"][0]["description"] = "d"
    lines = await environment.apply(changed)
    assert lines == [
        "change API instance 1 (orders 1.0.0)",
        "change tier Gold of API instance 1 (orders 1.0.0)",
        "create policy cors of API instance 1 (orders 1.0.0)",
        "reorder policies of API instance 1 (orders 1.0.0)",
    ]
    policies = await platform.admin.ask("GET", f"{platform.apis}/1/policies")
    found = [(each["id"], each["assetId"]) for each in policies["policies"]]
    # What is not in the file stays, after what is in it.
    assert [number for number, _ in found] == [4, 3, 2, 1]
    assert await environment.apply(changed, prune=True) == [
        "delete policy 1 (rate-limiting) of API instance 1 (orders 2.0.0 eu)"
    ]


@ON_SQLITE
async def test_automated_policies_keep_ids_and_order(environment: Environment) -> None:
    """A policy without an order stands in the middle, and a new one comes after all."""
    path = f"{environment.platform.organization}/automated-policies"
    rule = {"environmentId": environment.platform.credentials.environment_id}
    old = CORS | {"assetVersion": "1.0.0", "ruleOfApplication": rule}
    await environment.platform.admin.ask("POST", path, old)
    wanted: Document = {"version": 1, "automatedPolicies": [CORS, RATE]}
    assert await environment.apply(wanted) == ["create automated policy rate-limiting"]
    mule = {"ruleOfApplication": {"technologies": ["mule4"]}, "disabled": True}
    wanted["automatedPolicies"] = [RATE, CORS | mule]
    assert await environment.apply(wanted) == [
        "change automated policy 1 (cors)",
        "reorder automated policies",
    ]
    assert await environment.diff(wanted) == []
    found = await environment.platform.admin.ask("GET", path, environmentId=rule["environmentId"])
    assert [each["id"] for each in found["automatedPolicies"]] == [2, 1]
    assert (
        found["automatedPolicies"][1]["ruleOfApplication"]["environmentId"] == rule["environmentId"]
    )
    assert await environment.apply(EMPTY, prune=True) == [
        "delete automated policy 2 (rate-limiting)",
        "delete automated policy 1 (cors)",
    ]


@ON_SQLITE
async def test_tiers_are_deprecated_and_deleted_last(environment: Environment) -> None:
    """A file may put contracts on a tier that it deprecates, or move them off one that it drops."""
    gold, silver = ({"name": name, "limits": LIMITS} for name in ("Gold", "Silver"))
    shop = {"applications": [{"name": "Shop", "clientId": "c"}]}
    old = gold | {"status": "DEPRECATED"}
    first = api(tiers=[old], contracts=[{"application": "Shop", "tier": "Gold"}]) | shop
    await environment.apply(first)
    assert await environment.diff(first) == []
    moved = api(tiers=[silver], contracts=[{"application": "Shop", "tier": "Silver"}]) | shop
    await environment.apply(moved, prune=True)
    (found,) = (await environment.export())["apis"]
    assert [tier["name"] for tier in found["tiers"]] == ["Silver"]
    assert await environment.apply(EMPTY, prune=True) == [
        "delete API instance 1 (orders 1.0.0) and what belongs to it (tiers: 1, contracts: 1)"
    ]


@ON_SQLITE
async def test_a_client_of_an_identity_provider_is_imported(environment: Environment) -> None:
    """Its secret is known there only."""
    client = {"name": "Till", "clientId": "till-1", "providerId": "p", "redirectUri": ["http://a"]}
    wanted = api(contracts=[{"application": "Till"}]) | {"applications": [client]}
    made = await environment.ask("PUT", "", wanted)
    assert made.json()["warnings"] == []
    assert (await environment.export())["applications"] == [client]


@ON_SQLITE
async def test_masks_keep_secrets(environment: Environment) -> None:
    """An export shows no secret, and applying it loses none."""
    endpoint = {"uri": "https://u:hush@up.example/"}
    await environment.apply(api(policies=[INJECTION], endpoint=endpoint))
    exported = await environment.export()
    assert "hush" not in str(exported)
    exported["apis"][0]["description"] = "d"
    exported["apis"][0]["policies"][0]["configurationData"]["username"] = "other"
    await environment.apply(exported)
    (found,) = (await environment.export(withSecrets=True))["apis"]
    assert found["policies"][0]["configurationData"]["password"] == "hush"
    assert found["endpoint"] == endpoint
    # A change of a secret is shown, but neither the old secret nor the new one.
    exported["apis"][0]["policies"][0]["configurationData"]["password"] = "other"
    response = await environment.ask("POST", "/diff", exported)
    (member,) = response.json()["changes"][0]["members"]
    assert member == {"name": "configurationData.password", "before": "***", "after": "***"}


@ON_SQLITE
async def test_client_credentials_may_come_from_the_file(
    environment: Environment, platform: Platform
) -> None:
    """Only a hash is stored, and a secret that is the same changes nothing."""
    shop = {"name": "Shop", "clientId": "shop-1", "clientSecret": "hush"}
    wanted = api(contracts=[{"application": "Shop"}]) | {"applications": [shop]}
    await environment.apply(wanted)
    assert await environment.apply(wanted) == []

    async def may_ask(secret: str) -> bool:
        path = "/policy-control-plane/v1/client/quota"
        response = await platform.anyone.get(path, auth=("shop-1", secret))
        return response.status_code == 200

    assert await may_ask("hush")
    shop["clientSecret"] = "new"
    assert await environment.apply(wanted) == ["change application Shop"]
    assert (await may_ask("new"), await may_ask("hush")) == (True, False)
    made = await environment.ask(
        "PUT", "", {"version": 1, "applications": [{"name": "Till"}]}, dryRun=True
    )
    assert "application Till gets a secret that nobody knows" in made.json()["warnings"][0]
    assert "hush" not in str(await environment.export())


@ON_SQLITE
async def test_gateways_hear_of_contracts(environment: Environment, platform: Platform) -> None:
    """A revocation by a file is a number in the feed, and a pruned contract leaves a tombstone."""
    shop = {"name": "Shop", "clientId": "shop-1"}
    contract = {"application": "Shop"}
    wanted = api(contracts=[contract]) | {"applications": [shop]}
    await environment.apply(wanted)
    entries, later = await platform.rest(platform.feed(1))
    assert [entry["removed"] for entry in entries] == [None]
    await environment.apply(api(contracts=[contract | {"status": "REVOKED"}]), dryRun=True)
    assert await platform.rest(later) == ([], later)
    await environment.apply(api(contracts=[contract | {"status": "REVOKED"}]))
    entries, later = await platform.rest(later)
    assert [entry["removed"] for entry in entries] == [True]
    await environment.apply(wanted)
    await environment.apply(api(), prune=True)
    entries, _ = await platform.rest(later)
    assert [entry["removed"] for entry in entries] == [True]


@ON_SQLITE
async def test_everything_or_nothing(environment: Environment, platform: Platform) -> None:
    """Use cases may refuse late. A dry run finds it, too."""
    labels = [{"assetId": "a", "instanceLabel": "x"}, {"assetId": "b", "instanceLabel": "y"}]
    spec = {"groupId": "g", "assetVersion": "1"}
    await environment.apply({"version": 1, "apis": [spec | each for each in labels]})
    before = await environment.export()
    swapped = deepcopy(before)
    for each, label in zip(swapped["apis"], "yx", strict=True):
        each |= {"description": "new", "instanceLabel": label}
    for query in ({"dryRun": True}, {}):
        response = await environment.ask("PUT", "", swapped, **query)
        assert response.status_code == 400
        (error,) = response.json()["errors"]
        assert error["path"] == "apis.0"
        assert "'y' names another API instance" in error["message"]
    assert await environment.export() == before


@ON_SQLITE
async def test_nobody_overwrites_what_somebody_else_changed(
    environment: Environment, platform: Platform
) -> None:
    """`If-Match` has the revision that was looked at. A dry run does not change it."""
    seen = (await environment.ask("GET")).headers["etag"]
    dry = await environment.ask("PUT", "", api(), if_match=seen, dryRun=True)
    assert (dry.status_code, dry.headers["etag"]) == (200, seen)
    await platform.admin.create_api("other")
    late = await environment.ask("PUT", "", api(), if_match=seen)
    assert late.status_code == 412
    assert [each["assetId"] for each in (await environment.export())["apis"]] == ["other"]
    without = await platform.anyone.put(environment.path, json=EMPTY, headers=environment.headers)
    assert (without.status_code, "if-match" in without.text) == (400, True)


@ON_SQLITE
async def test_the_audit_log_names_the_apply_and_each_change(
    environment: Environment, platform: Platform
) -> None:
    """The apply first. Without changes there is no entry."""
    shop = {"name": "Shop", "clientId": "c", "clientSecret": "hush"}
    wanted = api(policies=[CORS], contracts=[{"clientId": "c"}]) | {"applications": [shop]}
    await environment.apply(wanted)
    await environment.apply(wanted)
    await environment.apply(api(policies=[]), prune=True)
    with platform.services.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert session.scalar(select(ClientApplication.name)) == "Shop"
    assert [(entry.kind, entry.action) for entry in entries] == [
        ("environment", "apply"),
        ("application", "create"),
        ("api", "create"),
        ("policy", "create"),
        ("contract", "create"),
        ("environment", "apply"),
        ("policy", "delete"),
        ("contract", "revoke"),
        ("contract", "delete"),
    ]
    assert entries[5].after is not None
    assert entries[5].after["delete"] == 2
    assert {entry.actor for entry in entries} == {"admin"}
    assert "hush" not in str([entry.after for entry in entries])
