"""Contracts: the queue, the decisions about one, and who may make them."""

import re
from typing import Any

import pytest

from control_plane.accounts.roles import Role
from control_plane.store.tables import Environment
from support.admin import Document
from tests.control_plane.conftest import Platform
from tests.control_plane.events import event, send
from tests.control_plane.pages.visitor import Visitor, visiting_as

LIMITS = [(1000, 3_600_000)]


class Site:
    """An API with two tiers that need approval, and applications that ask for access."""

    def __init__(self, platform: Platform, api_id: int, gold: Document, silver: Document) -> None:
        self.admin = platform.admin
        self.api_id = api_id
        self.gold: int = gold["id"]
        self.silver: int = silver["id"]

    async def ask(self, name: str) -> int:
        """A contract of a new application that waits for a decision; its id."""
        application = await self.admin.create_application(name)
        asked = await self.admin.request_contract(self.api_id, application["id"], self.gold)
        return int(asked["id"])

    async def contract(self, contract_id: int) -> dict[str, Any]:
        """The contract as the JSON API shows it."""
        path = f"{self.admin._apis}/{self.api_id}/contracts/{contract_id}"
        return dict(await self.admin.ask("GET", path))


@pytest.fixture
async def site(platform: Platform) -> Site:
    """One API."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    tiers = [
        await admin.create_tier(api_id, name, LIMITS, auto_approve=False)
        for name in ("Gold", "Silver")
    ]
    return Site(platform, api_id, *tiers)


def version(page: str) -> str:
    """The version that the forms of the page have."""
    found = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


async def test_no_contract_yet(owner: Visitor) -> None:
    """The page says what a contract is."""
    assert "There is no contract in" in await owner.page(f"{owner.home}/contracts")


async def test_the_queue_begins_with_what_waits(owner: Visitor, site: Site) -> None:
    """Without a filter come those that wait, and all if none does."""
    for name in ("Shop", "Partner"):
        await site.ask(name)
    await site.admin.approve(site.api_id, 2)
    page = await owner.page(f"{owner.home}/contracts")
    assert ">Shop</a>" in page
    assert ">Partner</a>" not in page
    assert "Pending (1)" in page
    assert ">Partner</a>" in await owner.page(f"{owner.home}/contracts?status=approved")
    await site.admin.reject(site.api_id, 1)
    page = await owner.page(f"{owner.home}/contracts")
    assert ">Shop</a>" in page
    assert ">Partner</a>" in page


async def test_the_queue_of_one_api(owner: Visitor, site: Site) -> None:
    """Its page leads here."""
    await site.ask("Shop")
    other = (await site.admin.create_api("invoices"))["id"]
    queue = f"{owner.home}/contracts"
    assert ">Shop</a>" in await owner.page(f"{queue}?api={site.api_id}")
    assert "There is no contract with this API yet." in await owner.page(f"{queue}?api={other}")
    for api_id in ("99", "x", "0", "9" * 30):
        assert (await owner.open(f"{queue}?api={api_id}")).status_code == 404


@pytest.mark.parametrize("text", ["shOp", "orders", "{client_id}"])
async def test_a_contract_is_found_by_application_and_api(
    owner: Visitor, site: Site, text: str
) -> None:
    """Also by the client id."""
    client_id = (await site.contract(await site.ask("Shop")))["application"]["clientId"]
    path = f"{owner.home}/contracts?q="
    assert ">Shop</a>" in await owner.page(path + text.format(client_id=client_id))
    assert "Nothing matches" in await owner.page(f"{path}nothing")
    assert "Nothing matches" in await owner.page(f"{path}%25")


async def test_a_contract_is_approved_on_another_tier(owner: Visitor, site: Site) -> None:
    """The page offers the tier that was asked for first."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    page = await owner.page(path)
    assert page.index("Gold (asked for)") < page.index(">Silver<")
    fields = {"version": version(page), "tier_id": str(site.silver)}
    assert "The contract of Shop is approved." in await owner.done(f"{path}/approve", **fields)
    contract = await site.contract(1)
    assert (contract["status"], contract["tierId"]) == ("APPROVED", site.silver)


async def test_a_request_is_rejected_with_a_reason(owner: Visitor, site: Site) -> None:
    """The reason and who gave it stay on the page of the contract, until it is restored."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    fields = {"version": version(await owner.page(path)), "reason": "No budget <yet>"}
    await owner.done(f"{path}/reject", **fields)
    page = await owner.page(path)
    assert "No budget &lt;yet&gt;" in page
    assert "<td>admin</td>" in page
    await owner.done(f"{path}/restore", version=version(page))
    page = await owner.page(path)
    assert "Reason of the decision" not in page
    assert page.index("<td>restore</td>") < page.index("<td>reject</td>")


async def test_revoking_names_what_it_breaks(
    owner: Visitor, site: Site, platform: Platform
) -> None:
    """Requests of today, of this application and API only. A revoked contract can be deleted."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    await site.admin.approve(site.api_id, 1)
    client_id = (await site.contract(1))["application"]["clientId"]
    clients = [(site.api_id, client_id), (site.api_id, client_id), (9, client_id), (1, "other")]
    batch = [event(platform, api_id=api, client_id=client) for api, client in clients]
    assert (await send(platform, batch)).is_success
    approved = version(await owner.page(f"{path}/delete"))
    assert (await owner.send(f"{path}/delete", version=approved)).status_code == 409
    asked = await owner.page(f"{path}/revoke")
    assert "Shop made 2 requests to orders today" in asked
    await owner.done(f"{path}/revoke", version=version(asked))
    assert (await site.contract(1))["status"] == "REVOKED"
    assert "It is revoked" in await owner.page(f"{path}/delete")
    again = await owner.send(f"{path}/revoke", version=version(await owner.page(f"{path}/revoke")))
    assert (again.status_code, "is revoked already" in again.text) == (409, True)
    stale = await owner.send(f"{path}/delete", version=approved)
    assert (stale.status_code, "Somebody else has changed this" in stale.text) == (412, True)
    assert "is deleted" in await owner.confirmed(f"{path}/delete")
    assert (await owner.open(path)).status_code == 404


async def test_an_approved_contract_gets_another_tier(owner: Visitor, site: Site) -> None:
    """By an admin, without the application asking for it."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    await site.admin.approve(site.api_id, 1)
    fields = {"version": version(await owner.page(path)), "tier_id": str(site.silver)}
    assert "is now on another tier" in await owner.done(f"{path}/tier", **fields)
    assert (await site.contract(1))["tierId"] == site.silver


async def test_a_requested_tier_is_turned_down(owner: Visitor, site: Site) -> None:
    """The contract stays as it is. Restoring it does not grant the requested tier."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    await site.admin.approve(site.api_id, 1)
    for revoked in (False, True):
        await site.admin.change_contract(site.api_id, 1, requestedTierId=site.silver)
        if revoked:
            await site.admin.revoke(site.api_id, 1)
            page = await owner.page(path)
            assert page.index("Gold (before)") < page.index("Silver (asked for)")
            assert ">Approve<" not in page
            await owner.done(f"{path}/restore", version=version(page))
        page = await owner.page(path)
        assert "The contract then stays approved, on Gold." in page
        fields = {"version": version(page), "reason": "too much"}
        done = await owner.done(f"{path}/turn-down", **fields)
        assert "The contract of Shop stays on its tier." in done
        contract = await site.contract(1)
        found = (contract["status"], contract["tierId"], contract["requestedTierId"])
        assert found == ("APPROVED", site.gold, None)
    page = await owner.page(path)
    assert "too much" in page
    assert "<td>turn down</td>" in page
    again = await owner.send(f"{path}/turn-down", version=version(page))
    assert (again.status_code, "it asks for no other tier" in again.text) == (409, True)


async def test_a_contract_without_a_tier_is_restored_without_one(
    owner: Visitor, site: Site
) -> None:
    """Although the API has tiers."""
    application = await site.admin.create_application("Shop")
    await site.admin.request_contract(site.api_id, application["id"])
    await site.admin.revoke(site.api_id, 1)
    path = f"{owner.home}/contracts/1"
    page = await owner.page(path)
    assert "none, as before" in page
    await owner.done(f"{path}/restore", version=version(page), tier_id="")
    assert (await site.contract(1))["tierId"] is None


async def test_the_second_of_two_admins_learns_of_the_first(owner: Visitor, site: Site) -> None:
    """A decision is about what the admin saw."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    seen = version(await owner.page(path))
    await owner.done(f"{path}/reject", version=seen)
    response = await owner.send(f"{path}/approve", version=seen)
    assert response.status_code == 412
    assert "Somebody else has changed this" in response.text
    assert (await site.contract(1))["status"] == "REJECTED"
    response = await owner.send(f"{path}/revoke", version=version(response.text))
    assert response.status_code == 409
    assert "a contract that is REJECTED can&#39;t become REVOKED" in response.text


async def test_several_are_decided_at_once(owner: Visitor, site: Site) -> None:
    """All of those chosen, and no other."""
    ids = [str(await site.ask(name)) for name in ("a", "b", "c")]
    page = await owner.done(f"{owner.home}/contracts", contract=ids[:2], decision="approve")
    assert "Contracts: 2 approved." in page
    states = [(await site.contract(int(each)))["status"] for each in ids]
    assert states == ["APPROVED", "APPROVED", "PENDING"]
    queue = f"{owner.home}/contracts"
    page = await owner.done(queue, contract=ids[2:], decision="reject", reason="no")
    assert "Contracts: 1 rejected." in page


@pytest.mark.parametrize(
    ("fields", "status", "expected"),
    [
        ({"contract": ["1"]}, 400, "Fill in this field."),
        ({"decision": "approve"}, 400, "Choose at least 1."),
        ({"contract": ["1", "3"], "decision": "approve"}, 409, "b is approved already"),
        ({"contract": ["1", "99"], "decision": "approve"}, 404, "ontract 99 not found"),
        ({"contract": ["x"], "decision": "approve"}, 400, "Write a whole number."),
        ({"contract": ["9" * 40], "decision": "approve"}, 400, "The most is"),
        ({"contract": ["1"], "decision": "delete"}, 400, "Choose one of"),
        ({"contract": ["1"], "decision": "reject", "reason": "x" * 501}, 400, "at most 500"),
        ({"contract": ["1"], "decision": "reject", "reason": "a\0"}, 400, "control characters"),
        ({"contract": ["1"] * 51, "decision": "reject"}, 400, "Choose at most 50."),
    ],
)  # fmt: skip
async def test_a_wrong_choice_decides_nothing(
    owner: Visitor, site: Site, fields: dict[str, Any], status: int, expected: str
) -> None:
    """All of those chosen are decided, or none."""
    for name in ("a", "b"):
        await site.ask(name)
    await site.ask("b")
    await site.admin.approve(site.api_id, 3)
    response = await owner.send(f"{owner.home}/contracts", **fields)
    assert response.status_code == status
    assert expected in response.text
    assert (await site.contract(1))["status"] == "PENDING"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tier_id": "99"}, "This API has no tier 99"),
        ({"tier_id": "x"}, "Write a whole number."),
        ({"tier_id": "0"}, "The least is 1."),
    ],
)
async def test_a_wrong_tier_is_named(
    owner: Visitor, site: Site, fields: dict[str, str], expected: str
) -> None:
    """Also a tier of another API."""
    path = f"{owner.home}/contracts/{await site.ask('Shop')}"
    fields["version"] = version(await owner.page(path))
    response = await owner.send(f"{path}/approve", **fields)
    assert response.status_code == 400
    assert expected in response.text
    assert (await site.contract(1))["status"] == "PENDING"


@pytest.mark.parametrize("action", ["", "/revoke", "/delete"])
async def test_a_contract_of_another_environment_is_not_found(
    owner: Visitor, site: Site, platform: Platform, action: str
) -> None:
    """Its id in the address of another environment leads nowhere."""
    await site.ask("Shop")
    other = another_environment(platform)
    for path in (f"{other}/contracts/1{action}", f"{other}/contracts/99{action}"):
        assert (await owner.open(path)).status_code == 404
    assert ">Shop</a>" not in await owner.page(f"{other}/contracts")
    response = await owner.send(f"{other}/contracts", contract=["1"], decision="approve")
    assert response.status_code == 404


def another_environment(platform: Platform) -> str:
    """The home of a second environment."""
    organization_id = platform.credentials.organization_id
    with platform.services.database.write() as session:
        session.add(Environment(id="other", organization_id=organization_id, name="Other"))
    return "/environments/other"


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_deciding_needs_the_right(platform: Platform, site: Site, role: Role) -> None:
    """Those without it see contracts and no button; a form that they send anyway is refused."""
    await site.ask("Shop")
    async with visiting_as(platform, role) as visitor:
        queue, path = f"{visitor.home}/contracts", f"{visitor.home}/contracts/1"
        assert "Approve those" not in await visitor.page(queue)
        assert ">Approve<" not in await visitor.page(path)
        assert (">History<" in await visitor.page(path)) is (role is Role.OPERATOR)
        for sent in (queue, f"{path}/approve", f"{path}/reject", f"{path}/revoke", f"{path}/tier"):
            response = await visitor.send(sent)
            assert response.status_code == 403
            assert "contracts:write" in response.text
    assert (await site.contract(1))["status"] == "PENDING"
