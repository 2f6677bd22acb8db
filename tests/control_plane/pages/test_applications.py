"""Client applications: making, changing and deleting them, their secrets, and access to APIs."""

import hashlib
import re
from typing import Any

import httpx
import pytest

from control_plane.accounts.roles import Role
from tests.control_plane.conftest import ON_BOTH_DATABASES, Platform
from tests.control_plane.events import denied, event, send
from tests.control_plane.pages.visitor import Visitor, visiting_as

HOSTILE = "<script>alert(1)</script>"


def version(page: str) -> str:
    """The version that the form of the page has."""
    found = re.search(r'name="version" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def secret_of(page: str) -> str:
    """The secret that the page shows."""
    found = re.findall(r"<pre[^>]*>([0-9a-f]{32})</pre>", page)
    assert len(found) == 2, "the client id and the secret"
    return str(found[1])


async def new_secret(owner: Visitor, path: str, **fields: str) -> httpx.Response:
    """The answer to the form for a new secret, opened and sent."""
    seen = version(await owner.page(f"{path}/secret"))
    return await owner.send(f"{path}/secret", version=seen, **fields)


async def feed_entry(platform: Platform, api_id: int) -> dict[str, Any]:
    """The latest that gateways know of the API's only contract."""
    entries, _ = await platform.rest(platform.feed(api_id))
    return dict(entries[-1])


def hash_of(secret: str, entry: dict[str, Any]) -> str:
    """How the feed writes a secret."""
    return hashlib.sha256((secret + entry["clientSecretSalt"]).encode()).hexdigest()


async def test_a_new_application_shows_its_secret_once(owner: Visitor, platform: Platform) -> None:
    """The answer to the form is the only page with it, and it is the one that gateways check."""
    path = f"{owner.home}/applications"
    assert "There is no client application yet." in await owner.page(path)
    fields = {
        "name": "Shop",
        "owner": "Team Blue",
        "redirect_uris": "https://a.test\nhttps://b.test",
    }
    made = await owner.send(f"{path}/new", **fields)
    assert made.status_code == 200
    secret = secret_of(made.text)
    page = await owner.page(f"{path}/1")
    assert "Team Blue" in page
    assert "<div>https://b.test</div>" in page
    assert secret not in page
    api_id = (await platform.admin.create_api("orders"))["id"]
    await owner.done(f"{path}/1/access", api=str(api_id))
    entry = await feed_entry(platform, api_id)
    assert entry["clientSecret"] == hash_of(secret, entry)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": ""}, "Fill in this field."),
        ({"name": "x" * 257}, "at most 256"),
        ({"owner": "x" * 257}, "at most 256"),
        ({"description": "x" * 4001}, "at most 4,000"),
        ({"url": "javascript:alert(1)"}, "Must begin with http:// or https://."),
        ({"url": "https://"}, "Must be a URL such as"),
        ({"url": "https://a b"}, "Must be a URL such as"),
        ({"url": "https://" + "x" * 2000}, "at most 2,000"),
        ({"redirect_uris": "https://a.test\n" * 51}, "Give at most 50"),
        ({"redirect_uris": "x" * 2001}, "Give at most 50"),
        ({"name": "a\0b"}, "control characters"),
    ],
)
async def test_wrong_fields_are_named(
    owner: Visitor, platform: Platform, fields: dict[str, str], expected: str
) -> None:
    """For a new application as for one that is changed; nothing is stored."""
    await platform.admin.create_application("Shop")
    path = f"{owner.home}/applications"
    seen = version(await owner.page(f"{path}/1/edit"))
    for form in (f"{path}/new", f"{path}/1/edit"):
        response = await owner.send(form, **({"name": "New", "version": seen} | fields))
        assert response.status_code == 400
        assert expected in response.text
    assert "New" not in await owner.page(path)


@ON_BOTH_DATABASES
async def test_hostile_texts_are_only_shown(owner: Visitor) -> None:
    """Whatever people call things, pages show it as text."""
    path = f"{owner.home}/applications"
    await owner.send(f"{path}/new", name=HOSTILE, owner=HOSTILE, description=HOSTILE)
    for page in (path, f"{path}/1", f"{path}/1/edit", f"{path}/1/secret", f"{path}/1/delete"):
        text = await owner.page(page)
        assert "alert(1)" in text
        assert "<script>alert" not in text


@ON_BOTH_DATABASES
async def test_the_list_is_searched_and_sorted(owner: Visitor, platform: Platform) -> None:
    """By name, owner and client id; and by the numbers, which are of this environment."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    made = [await admin.create_application(name) for name in ("Alpha", "Beta", "Gamma")]
    await admin.request_contract(api_id, made[1]["id"])
    batch = [event(platform, client_id=made[2]["clientId"]) for _ in range(3)]
    batch += [denied(platform, client_id=made[2]["clientId"])]
    assert (await send(platform, batch)).is_success
    path = f"{owner.home}/applications"

    async def order(query: str) -> list[str]:
        return re.findall(r">(Alpha|Beta|Gamma)</a>", await owner.page(f"{path}?{query}"))

    assert await order("") == ["Alpha", "Beta", "Gamma"]
    assert await order("sort=-name") == ["Gamma", "Beta", "Alpha"]
    assert (await order("sort=-contracts"))[0] == "Beta"
    assert (await order("sort=-requests"))[0] == "Gamma"
    assert await order("q=ALP") == ["Alpha"]
    assert await order(f"q={made[1]['clientId'][:20]}") == ["Beta"]
    assert await order("q=nobody&sort=nothing&page=x") == []
    page = await owner.page(f"{path}?q=gamma")
    assert '<td class="number">4</td>' in page
    assert '<td class="number">25.0%</td>' in page


async def test_a_page_shows_how_much_of_each_limit_is_used(
    owner: Visitor, platform: Platform
) -> None:
    """Requests that a policy refused use up no quota. The contract's page shows the same."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    tier = await admin.create_tier(api_id, "Gold", [(10, 3_600_000), (100, 172_800_000)])
    await admin.request_contract(api_id, phone["id"], tier["id"])
    client = {"api_id": api_id, "client_id": phone["clientId"]}
    batch = [event(platform, **client) for _ in range(4)] + [denied(platform, **client)]
    assert (await send(platform, batch)).is_success
    for path in (f"applications/{phone['id']}", "contracts/1"):
        page = await owner.page(f"{owner.home}/{path}")
        assert "4 of 10 per hour, 6 left" in page
        assert "4 of 100 per 2 days, 96 left" in page
        assert "Refused with 429: 1 in 24 hours, 1 in 7 days" in page
        assert "No policy of this API applies SLA tiers" in page
        assert "Data up to" in page
    assert "20.0% denied" in await owner.page(f"{owner.home}/applications/{phone['id']}")
    platform.clock.move(hours=20)
    assert (await owner.log_in("admin", platform.credentials.admin_password)).status_code == 303
    page = await owner.page(f"{owner.home}/applications/{phone['id']}")
    assert "0 of 10 per hour, 10 left" in page
    assert "no window runs" in page
    assert "4 of 100 per 2 days" in page


async def test_a_page_shows_what_policies_limit(owner: Visitor, platform: Platform) -> None:
    """Limits that are the same for all contracts, also without an SLA tier."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    await admin.request_contract(api_id, phone["id"])
    path = f"{owner.home}/contracts/1"
    assert "no limit" in await owner.page(path)
    limits = [{"maximumRequests": 5, "timePeriodInMilliseconds": 60_000}]
    await admin.apply_policy(api_id, "rate-limiting", {"rateLimits": limits})
    spike = {"maximumRequests": "7", "timePeriodInMilliseconds": 1000}
    await admin.apply_policy(api_id, "spike-control", spike)
    page = await owner.page(path)
    assert "rate-limiting: 5 per minute for all clients together" in page
    assert "spike-control: 7 per second for all clients together" in page
    assert "no limit" not in page
    assert "No policy of this API applies SLA tiers" not in page


async def test_an_application_is_changed(owner: Visitor, platform: Platform) -> None:
    """A new secret in the meantime is no conflict; a change by somebody else is."""
    phone = await platform.admin.create_application("phone")
    path = f"{owner.home}/applications/{phone['id']}"
    seen = version(await owner.page(f"{path}/edit"))
    await platform.admin.reset_secret(phone["id"])
    assert "telephone is changed." in await owner.done(
        f"{path}/edit", version=seen, name="telephone", owner="Blue"
    )
    response = await owner.send(f"{path}/edit", version=seen, name="mobile")
    assert response.status_code == 412
    assert "telephone" in response.text
    assert "mobile" in response.text
    await owner.done(f"{path}/edit", version=version(response.text), name="mobile")
    assert "<h1>mobile</h1>" in await owner.page(path)


async def test_a_deletion_names_what_ends(owner: Visitor, platform: Platform) -> None:
    """Contracts and requests of today; the name has to be typed."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    assert (await send(platform, [event(platform, client_id=phone["clientId"])])).is_success
    path = f"{owner.home}/applications/{phone['id']}/delete"
    page = await owner.page(path)
    assert "its 1 contract in all environments" in page
    assert "made 1 request in" in page
    wrong = await owner.send(path, confirmed="Phone")
    assert wrong.status_code == 400
    assert "Type phone" in wrong.text
    assert "phone is deleted." in await owner.confirmed(path, confirmed="phone")
    assert (await owner.open(path)).status_code == 404
    assert (await feed_entry(platform, api_id))["removed"] is True


async def test_a_secret_is_rotated_and_the_overlap_ended(
    owner: Visitor, platform: Platform
) -> None:
    """Both work until somebody ends the old one, or its time has come."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    path = f"{owner.home}/applications/{phone['id']}"
    assert re.search(r'value="24"\s+selected', await owner.page(f"{path}/secret"))
    made = await new_secret(owner, path, overlap_hours="24")
    assert made.status_code == 200
    assert "The old secret works too until" in made.text
    entry = await feed_entry(platform, api_id)
    assert entry["clientSecret"] == hash_of(secret_of(made.text), entry)
    assert entry["previousClientSecret"] == hash_of(phone["clientSecret"], entry)
    assert "Two secrets work" in await owner.page(path)
    assert "Without this, it works until" in await owner.page(f"{path}/end-overlap")
    page = await owner.confirmed(f"{path}/end-overlap")
    assert "Only the new secret of phone works." in page
    assert "Two secrets work" not in page
    assert (await feed_entry(platform, api_id))["previousClientSecret"] is None
    # Somebody else may have ended it first.
    await owner.confirmed(f"{path}/end-overlap")


async def test_a_form_for_a_secret_that_is_sent_twice_makes_one(
    owner: Visitor, platform: Platform
) -> None:
    """Loading the page with the secret again sends the form again: the old secret goes on."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    path = f"{owner.home}/applications/{phone['id']}"
    fields = {"overlap_hours": "1", "version": version(await owner.page(f"{path}/secret"))}
    made = await owner.send(f"{path}/secret", **fields)
    again = await owner.send(f"{path}/secret", **fields)
    assert again.status_code == 412
    assert "No secret was made" in again.text
    entry = await feed_entry(platform, api_id)
    assert entry["clientSecret"] == hash_of(secret_of(made.text), entry)
    assert entry["previousClientSecret"] == hash_of(phone["clientSecret"], entry)
    assert (await owner.send(f"{path}/secret", overlap_hours="1")).status_code == 412


async def test_a_secret_within_its_overlap_ends_after_a_question_only(
    owner: Visitor, platform: Platform
) -> None:
    """The page that asks says until when the older secret would work otherwise."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    path = f"{owner.home}/applications/{phone['id']}"
    made = await new_secret(owner, path, overlap_hours="24")
    asked = await new_secret(owner, path, overlap_hours="1")
    assert "End the older secret of phone now?" in asked.text
    assert "Two secrets work until" in asked.text
    entry = await feed_entry(platform, api_id)
    assert entry["previousClientSecret"] == hash_of(phone["clientSecret"], entry)
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', asked.text))
    newest = await owner.send(f"{path}/secret", **fields)
    entry = await feed_entry(platform, api_id)
    assert entry["clientSecret"] == hash_of(secret_of(newest.text), entry)
    assert entry["previousClientSecret"] == hash_of(secret_of(made.text), entry)


async def test_a_secret_is_replaced_at_once(owner: Visitor, platform: Platform) -> None:
    """Without an overlap, for a secret that others know."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    path = f"{owner.home}/applications/{phone['id']}"
    await new_secret(owner, path, overlap_hours="24")
    made = await new_secret(owner, path, overlap_hours="0", ends_older="yes")
    assert "works too" not in made.text
    entry = await feed_entry(platform, api_id)
    assert entry["clientSecret"] == hash_of(secret_of(made.text), entry)
    assert entry["previousClientSecret"] is None


@pytest.mark.parametrize("hours", ["", "-1", "9999", "x", "1\0"])
async def test_an_odd_overlap_is_refused(owner: Visitor, platform: Platform, hours: str) -> None:
    """Only those that the form offers."""
    phone = await platform.admin.create_application("phone")
    path = f"{owner.home}/applications/{phone['id']}/secret"
    response = await owner.send(path, overlap_hours=hours)
    assert response.status_code == 400
    assert "overlap_hours" in response.text


async def test_an_imported_application_has_no_secret_here(
    owner: Visitor, platform: Platform
) -> None:
    """Its identity provider has it."""
    provider = "0a1b2c3d-0000-4000-8000-000000000000"
    body = {"clientId": "their-client", "providerId": provider}
    imported = await platform.admin.ask("POST", f"{platform.organization}/applications", body)
    path = f"{owner.home}/applications/{imported['id']}"
    page = await owner.page(path)
    assert provider in page
    assert "New secret" not in page
    response = await new_secret(owner, path, overlap_hours="24")
    assert response.status_code == 409
    assert "identity provider" in response.text


async def test_access_is_asked_for(owner: Visitor, platform: Platform) -> None:
    """On a tier that waits for approval, or without one; once for each API."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    path = f"{owner.home}/applications/{phone['id']}/access"
    assert "orders (instance 1)" in await owner.page(path)
    assert "approved at once" in await owner.page(f"{path}?api={api_id}")
    tier = await admin.create_tier(api_id, "Gold", [(1, 1000)], auto_approve=False)
    assert "Gold (needs approval)" in await owner.page(f"{path}?api={api_id}")
    fields = {"api": str(api_id), "tier_id": str(tier["id"]), "reason": "For tests"}
    assert "The contract with orders is pending." in await owner.done(path, **fields)
    again = await owner.send(path, **fields)
    assert again.status_code == 409
    assert "has contract 1 with this API already" in again.text


@ON_BOTH_DATABASES
@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"api": "99"}, 404),
        ({"api": "x"}, 400),
        ({"api": "9" * 40}, 400),
        ({"api": "1", "tier_id": "99"}, 400),
        ({"api": "1", "reason": "x" * 501}, 400),
    ],
)
async def test_access_to_what_is_not_there_is_refused(
    owner: Visitor, platform: Platform, fields: dict[str, str], status: int
) -> None:
    """The form is shown again."""
    _, phone = await platform.api_and_application()
    path = f"{owner.home}/applications/{phone['id']}/access"
    response = await owner.send(path, **fields)
    assert response.status_code == status
    assert 'role="alert"' in response.text
    assert (await owner.page(f"{path}?api=99")).count("<option") == 1


async def test_access_needs_an_api(owner: Visitor, platform: Platform) -> None:
    """The page says so."""
    phone = await platform.admin.create_application("phone")
    page = await owner.page(f"{owner.home}/applications/{phone['id']}/access")
    assert "There is no API instance" in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_changing_needs_the_right(platform: Platform, role: Role) -> None:
    """Those without it see applications, and no button."""
    await platform.admin.create_application("phone")
    async with visiting_as(platform, role) as visitor:
        path = f"{visitor.home}/applications"
        assert "Create" not in re.sub("Created", "", await visitor.page(path))
        assert ">Delete<" not in await visitor.page(f"{path}/1")
        for sent in (f"{path}/new", f"{path}/1/edit", f"{path}/1/delete", f"{path}/1/secret"):
            response = await visitor.send(sent)
            assert response.status_code == 403
            assert "applications:write" in response.text
        assert (await visitor.send(f"{path}/1/access", api="1")).status_code == 403


async def test_an_admin_of_one_environment_asks_for_access_only(platform: Platform) -> None:
    """Applications belong to all environments; contracts to one."""
    _, phone = await platform.api_and_application()
    environment_id = platform.credentials.environment_id
    async with visiting_as(platform, Role.API_ADMIN, environment_id) as visitor:
        path = f"{visitor.home}/applications/{phone['id']}"
        assert ">Change<" not in await visitor.page(path)
        assert (await visitor.open(f"{path}/edit")).status_code == 403
        await visitor.done(f"{path}/access", api="1")


async def test_an_application_that_is_not_there(owner: Visitor) -> None:
    """Whatever its id."""
    for part in ("", "/edit", "/delete", "/secret", "/end-overlap", "/access"):
        for number in ("99", "0", "x", "9" * 30):
            path = f"{owner.home}/applications/{number}{part}"
            assert (await owner.open(path)).status_code == 404
