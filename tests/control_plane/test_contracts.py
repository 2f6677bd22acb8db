"""Applications and contracts: who may use an API, and who decides it."""

import pytest

from support.admin import AdminError
from tests.control_plane.conftest import Platform


async def test_no_tier_or_an_open_tier_approves_at_once(platform: Platform) -> None:
    """Nobody waits where nobody has to decide."""
    api_id, phone = await platform.api_and_application()
    watch = await platform.admin.create_application("watch")
    tier = await platform.admin.create_tier(api_id, "open", [(5, 1000)], auto_approve=True)
    plain = await platform.admin.request_contract(api_id, phone["id"])
    tiered = await platform.admin.request_contract(api_id, watch["id"], tier["id"])
    assert (plain["status"], plain["tierId"]) == ("APPROVED", None)
    assert (tiered["status"], tiered["tierId"]) == ("APPROVED", tier["id"])
    assert plain["approvedDate"] is not None


async def test_a_manual_tier_waits_for_the_admin(platform: Platform) -> None:
    """A request on a manual tier is pending, and no gateway hears of it before approval."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1000)], auto_approve=False)
    asked = await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    assert (asked["status"], asked["tierId"], asked["requestedTierId"]) == (
        "PENDING",
        None,
        tier["id"],
    )
    assert (await platform.rest(platform.feed(api_id)))[0] == []
    approved = await platform.admin.approve(api_id, asked["id"])
    assert (approved["status"], approved["tierId"], approved["requestedTierId"]) == (
        "APPROVED",
        tier["id"],
        None,
    )
    entries, _ = await platform.rest(platform.feed(api_id))
    assert [entry["slaTierId"] for entry in entries] == [tier["id"]]


async def test_the_approver_may_choose_another_tier(platform: Platform) -> None:
    """An admin approves on the tier that fits, not only on the one asked for."""
    api_id, phone = await platform.api_and_application()
    gold = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=False)
    silver = await platform.admin.create_tier(api_id, "silver", [(1, 1)], auto_approve=False)
    asked = await platform.admin.request_contract(api_id, phone["id"], gold["id"])
    approved = await platform.admin.change_contract(
        api_id, asked["id"], status="APPROVED", tierId=silver["id"]
    )
    assert (approved["tierId"], approved["requestedTierId"]) == (silver["id"], None)


async def test_opening_a_tier_approves_who_waits(platform: Platform) -> None:
    """Switching a tier to automatic approval grants the pending requests."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=False)
    asked = await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    path = f"{platform.apis}/{api_id}"
    await platform.admin.ask("PUT", f"{path}/tiers/{tier['id']}", {"autoApprove": True})
    contract = await platform.admin.ask("GET", f"{path}/contracts/{asked['id']}")
    assert (contract["status"], contract["tierId"]) == ("APPROVED", tier["id"])
    assert len((await platform.rest(platform.feed(api_id)))[0]) == 1


async def test_another_tier_may_be_asked_for(platform: Platform) -> None:
    """An open tier is granted at once; a manual one leaves the contract as it is meanwhile."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    opened = await admin.create_tier(api_id, "open", [(5, 1)], auto_approve=True)
    manual = await admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=False)
    contract = await admin.request_contract(api_id, phone["id"])
    moved = await admin.change_contract(api_id, contract["id"], requestedTierId=opened["id"])
    assert (moved["tierId"], moved["requestedTierId"]) == (opened["id"], None)
    waits = await admin.change_contract(api_id, contract["id"], requestedTierId=manual["id"])
    assert (waits["status"], waits["tierId"]) == ("APPROVED", opened["id"])
    granted = await admin.approve(api_id, contract["id"])
    assert granted["tierId"] == manual["id"]


@pytest.mark.parametrize(
    ("steps", "last"),
    [
        (["approve"], "APPROVED"),
        (["reject"], "REJECTED"),
        (["reject", "approve"], "APPROVED"),
        (["approve", "revoke"], "REVOKED"),
        (["approve", "revoke", "restore"], "APPROVED"),
        (["approve", "approve"], "APPROVED"),
    ],
)
async def test_what_an_admin_may_decide(platform: Platform, steps: list[str], last: str) -> None:
    """Approve, reject, revoke and restore, each visible with its date."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=False)
    contract = await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    for step in steps:
        contract = await getattr(platform.admin, step)(api_id, contract["id"])
    assert contract["status"] == last
    assert contract[f"{last.lower()}Date"] is not None
    path = f"{platform.apis}/{api_id}/contracts"
    assert (await platform.admin.ask("GET", path, status=last.lower()))["total"] == 1


@pytest.mark.parametrize("steps", [["revoke"], ["approve", "reject"], ["reject", "revoke"]])
async def test_decisions_that_make_no_sense_conflict(platform: Platform, steps: list[str]) -> None:
    """A contract can't be revoked before it was approved, nor rejected after."""
    api_id, phone = await platform.api_and_application()
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=False)
    contract = await platform.admin.request_contract(api_id, phone["id"], tier["id"])
    for step in steps[:-1]:
        await getattr(platform.admin, step)(api_id, contract["id"])
    with pytest.raises(AdminError) as refused:
        await getattr(platform.admin, steps[-1])(api_id, contract["id"])
    assert refused.value.status == 409


async def test_bad_requests_for_contracts_name_the_reason(platform: Platform) -> None:
    """Unknown applications and tiers, deprecated tiers, and a second contract are refused."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    other_api = (await admin.create_api("invoices"))["id"]
    foreign = await admin.create_tier(other_api, "gold", [(5, 1)])
    old = await admin.create_tier(api_id, "old", [(5, 1)])
    await admin.ask("PUT", f"{platform.apis}/{api_id}/tiers/{old['id']}", {"status": "DEPRECATED"})
    for application_id, tier_id, status, named in (
        (999, None, 404, "applicationId"),
        (phone["id"], foreign["id"], 400, "requestedTierId"),
        (phone["id"], old["id"], 400, "deprecated"),
    ):
        with pytest.raises(AdminError, match=named) as refused:
            await admin.request_contract(api_id, application_id, tier_id)
        assert refused.value.status == status
    await admin.request_contract(api_id, phone["id"])
    with pytest.raises(AdminError) as twice:
        await admin.request_contract(api_id, phone["id"])
    assert twice.value.status == 409


async def test_an_imported_application_has_no_secret_here(platform: Platform) -> None:
    """The official import takes over a client whose secret an identity provider keeps."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    body = {"clientId": "from-elsewhere", "providerId": "2e71d283-6248-4c81-98eb-e254a89b7e0a"}
    path = f"{platform.organization}/applications"
    imported = await platform.admin.ask("POST", path, body)
    await platform.admin.request_contract(api_id, imported["id"])
    [entry], _ = await platform.rest(platform.feed(api_id))
    assert (entry["clientId"], entry["clientSecret"]) == ("from-elsewhere", None)
    for call in (
        platform.admin.ask("POST", path, body),
        platform.admin.reset_secret(imported["id"]),
    ):
        with pytest.raises(AdminError) as refused:
            await call
        assert refused.value.status == 409


async def test_applications_are_listed_without_secrets(platform: Platform) -> None:
    """The secret is in the answer that made it, and in no other."""
    phone = await platform.admin.create_application("phone", redirectUri=["http://a.test"])
    await platform.admin.create_application("watch")
    listed = await platform.admin.ask("GET", platform.applications, query="PHO")
    assert [row["id"] for row in listed["applications"]] == [phone["id"]]
    one = await platform.admin.ask("GET", f"{platform.applications}/{phone['id']}")
    assert one["redirectUri"] == ["http://a.test"]
    assert "clientSecret" not in one
    assert listed["applications"] == [one]


@pytest.mark.parametrize("field", ["tierId", "requestedTierId"])
async def test_a_tier_that_is_asked_for_by_either_name_waits_for_an_admin(
    platform: Platform, field: str
) -> None:
    """`tierId` was passed over once, and the contract was approved without a tier."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    tier = await admin.create_tier(api_id, "gold", [(5, 1000)], auto_approve=False)
    path = f"{platform.apis}/{api_id}/contracts"
    made = await admin.ask("POST", path, {"applicationId": phone["id"], field: tier["id"]})
    assert (made["status"], made["tierId"], made["requestedTierId"]) == (
        "PENDING",
        None,
        tier["id"],
    )
    approved = await admin.approve(api_id, made["id"])
    assert (approved["status"], approved["tierId"]) == ("APPROVED", tier["id"])


async def test_two_names_for_two_tiers_are_refused(platform: Platform) -> None:
    """It is not clear which one is meant."""
    api_id, phone = await platform.api_and_application()
    path = f"{platform.apis}/{api_id}/contracts"
    both = {"applicationId": phone["id"], "tierId": 1, "requestedTierId": 2}
    refused = await platform.refusal("POST", path, both)
    assert refused.status == 400
    assert "tierId: differs from requestedTierId" in str(refused)
    missing = await platform.refusal("POST", path, {"applicationId": phone["id"], "tierId": 9})
    assert "this API has no tier 9" in str(missing)


async def test_a_contract_without_a_tier_gets_a_warning_if_there_are_tiers(
    platform: Platform,
) -> None:
    """Limits by tier would refuse it."""
    api_id, phone = await platform.api_and_application()
    watch = await platform.admin.create_application("watch")
    before = await platform.admin.request_contract(api_id, watch["id"])
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=True)
    after = await platform.admin.request_contract(api_id, phone["id"])
    assert "warnings" not in before
    (warning,) = after["warnings"]
    assert "rate-limiting-sla-based refuses it" in warning
    moved = await platform.admin.change_contract(api_id, after["id"], tierId=tier["id"])
    assert "warnings" not in moved


async def test_a_contract_cannot_lose_its_tier(platform: Platform) -> None:
    """Null would change nothing, so it is refused; without a tier it is what clients send back."""
    api_id, phone = await platform.api_and_application()
    contract = await platform.admin.request_contract(api_id, phone["id"])
    await platform.admin.change_contract(api_id, contract["id"], tierId=None)
    tier = await platform.admin.create_tier(api_id, "gold", [(5, 1)], auto_approve=True)
    await platform.admin.change_contract(api_id, contract["id"], tierId=tier["id"])
    with pytest.raises(AdminError, match="tierId: a contract cannot lose its tier"):
        await platform.admin.change_contract(api_id, contract["id"], tierId=None)


@pytest.mark.parametrize("name", ["tier", "requestedTier"])
async def test_a_number_in_the_place_of_an_object_is_refused(platform: Platform, name: str) -> None:
    """It would have no effect."""
    api_id, phone = await platform.api_and_application()
    contract = await platform.admin.request_contract(api_id, phone["id"])
    with pytest.raises(AdminError, match=f"did you mean {name}Id"):
        await platform.admin.change_contract(api_id, contract["id"], **{name: 3})


async def test_a_wrong_tier_is_told_by_the_name_that_was_sent(platform: Platform) -> None:
    """The vendor's clients have two names for it."""
    api_id, phone = await platform.api_and_application()
    path = f"{platform.apis}/{api_id}/contracts"
    for name in ("tierId", "requestedTierId"):
        with pytest.raises(AdminError, match=f"{name}: this API has no tier 99"):
            await platform.admin.ask("POST", path, {"applicationId": phone["id"], name: 99})
