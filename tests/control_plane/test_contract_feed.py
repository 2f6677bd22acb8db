"""The feed by which gateways learn of contracts and secrets."""

import base64
import hashlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from control_plane.accounts.hashing import salted
from control_plane.settings import SecretForm
from tests.control_plane.conftest import Platform


async def test_a_gateway_can_check_a_secret_with_what_the_feed_gives(platform: Platform) -> None:
    """The feed's clientSecret is the salted hash of the secret that was shown once."""
    api_id, phone = await platform.api_and_application()
    contract = await platform.admin.request_contract(api_id, phone["id"])
    [entry], _ = await platform.rest(platform.feed(api_id))
    salted_secret = phone["clientSecret"] + entry["clientSecretSalt"]
    assert entry["clientSecret"] == hashlib.sha256(salted_secret.encode()).hexdigest()
    assert entry["contractId"] == contract["id"]
    assert entry["clientId"] == phone["clientId"]
    assert entry["clientName"] == "phone"
    assert entry["removed"] is None
    assert phone["clientSecret"] not in str(entry)


@pytest.mark.parametrize("form", list(SecretForm))
def test_every_form_of_secret_is_what_its_name_says(form: SecretForm) -> None:
    """A gateway's setting for the form can be matched by name."""
    salt, found = salted("geheim", form)
    text = "geheim" + salt if "last" in form else salt + "geheim"
    digest = hashlib.sha256(text.encode()).digest()
    assert found == (digest.hex() if "hex" in form else base64.b64encode(digest).decode())
    assert salted("geheim", form).salt != salt


async def test_the_feed_is_paged_and_ends_with_an_empty_page(platform: Platform) -> None:
    """A reader follows `next` and stops at an empty page, which leads to itself."""
    api_id = (await platform.admin.create_api("orders"))["id"]
    for number in range(5):
        application = await platform.admin.create_application(f"app {number}")
        await platform.admin.request_contract(api_id, application["id"])
    first = await platform.page(platform.feed(api_id))
    assert len(first["data"]) == 3
    assert first["links"]["self"] == f"http://platform.test{platform.feed(api_id)}"
    second = await platform.page(first["links"]["next"])
    assert len(second["data"]) == 2
    end = await platform.page(second["links"]["next"])
    assert end["data"] == []
    assert end["links"]["next"] == end["links"]["self"] == second["links"]["next"]
    names = [entry["clientName"] for entry in first["data"] + second["data"]]
    assert names == [f"app {number}" for number in range(5)]


async def test_later_only_changes_come(platform: Platform) -> None:
    """Each kind of change brings its contract once more, and nothing else."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    other = await admin.create_application("bystander")
    tier = await admin.create_tier(api_id, "gold", [(5, 1)])
    await admin.request_contract(api_id, other["id"])
    contract = await admin.request_contract(api_id, phone["id"])
    before, cursor = await platform.rest(platform.feed(api_id))
    assert len(before) == 2

    async def change() -> dict[str, Any]:
        nonlocal cursor
        [entry], cursor = await platform.rest(cursor)
        assert entry["contractId"] == contract["id"]
        return dict(entry)

    await admin.revoke(api_id, contract["id"])
    tombstone = await change()
    assert tombstone["removed"] is True
    assert tombstone["clientSecret"] is None
    await admin.restore(api_id, contract["id"])
    assert (await change())["removed"] is None
    await admin.change_application(phone["id"], name="telephone")
    assert (await change())["clientName"] == "telephone"
    await admin.change_contract(api_id, contract["id"], tierId=tier["id"])
    assert (await change())["slaTierId"] == tier["id"]
    secret = await admin.reset_secret(phone["id"])
    entry = await change()
    salted_secret = secret + entry["clientSecretSalt"]
    assert entry["clientSecret"] == hashlib.sha256(salted_secret.encode()).hexdigest()
    await admin.revoke(api_id, contract["id"])
    await change()
    await admin.delete_contract(api_id, contract["id"])
    assert (await change())["removed"] is True
    assert (await platform.rest(cursor)) == ([], cursor)


async def test_a_deleted_application_leaves_tombstones_everywhere(platform: Platform) -> None:
    """Every API that knew the application is told."""
    admin = platform.admin
    api_id, phone = await platform.api_and_application()
    other_api = (await admin.create_api("invoices"))["id"]
    for each in (api_id, other_api):
        await admin.request_contract(each, phone["id"])
    await admin.delete_application(phone["id"])
    for each in (api_id, other_api):
        entries, _ = await platform.rest(platform.feed(each))
        assert [entry["removed"] for entry in entries] == [True]


async def test_a_contract_asked_for_again_is_a_new_one(platform: Platform) -> None:
    """The id of a deleted contract never comes back as another's."""
    api_id, phone = await platform.api_and_application()
    old = await platform.admin.request_contract(api_id, phone["id"])
    await platform.admin.revoke(api_id, old["id"])
    await platform.admin.delete_contract(api_id, old["id"])
    new = await platform.admin.request_contract(api_id, phone["id"])
    assert new["id"] != old["id"]
    entries, _ = await platform.rest(platform.feed(api_id))
    assert [entry["removed"] for entry in entries] == [True, None]


@pytest.mark.parametrize(
    "cursor",
    [
        *("", "1", "x.y.z", "{epoch}.1", "{epoch}.1.1.1", "0000000000000000.0.0"),
        *("{epoch}.0.999", "{epoch}.999.999", "{epoch}.1.0", "{epoch}.-1.1", "{epoch}.0.²"),
        *("{epoch}.0." + "9" * 30, "{epoch}.0." + "9" * 5000),
    ],
)
async def test_an_unknown_cursor_is_refused(platform: Platform, cursor: str) -> None:
    """A gateway whose cursor is of another database starts over instead of missing changes."""
    api_id, phone = await platform.api_and_application()
    await platform.admin.request_contract(api_id, phone["id"])
    page = await platform.page(platform.feed(api_id))
    epoch = page["links"]["next"].partition("cursor=")[2].partition(".")[0]
    response = await platform.gateway.get(
        platform.feed(api_id),
        params={"cursor": cursor.replace("{epoch}", epoch)},
        headers={"X-Accept-Hash-Algorithm": "sha256"},
    )
    assert response.status_code == 400
    assert "cursor" in response.json()["message"]


async def test_secrets_come_hashed_or_not_at_all(platform: Platform) -> None:
    """A gateway that does not ask for hashes is told that there is nothing else."""
    api_id, _ = await platform.api_and_application()
    response = await platform.gateway.get(platform.feed(api_id))
    assert response.status_code == 400
    assert "X-Accept-Hash-Algorithm" in response.json()["message"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["revoke", "restore", "rename", "delete", "ask", "read"]), st.integers(0, 2)
    ),
    max_size=20,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS)
async def test_a_reader_of_changes_knows_what_a_reader_of_everything_knows(
    platform: Platform, steps: list[tuple[str, int]]
) -> None:
    """Whenever it polls, an incremental reader ends with the contracts that are in force."""
    admin = platform.admin
    api_id = (await admin.create_api("orders"))["id"]
    applications = [await admin.create_application(str(number)) for number in range(3)]
    contracts: dict[int, int] = {}
    known: dict[int, str] = {}
    cursor = platform.feed(api_id)
    for step, number in [*steps, ("read", 0)]:
        application_id = applications[number]["id"]
        if step == "read":
            entries, cursor = await platform.rest(cursor)
            _apply(known, entries)
        elif step == "ask" and number not in contracts:
            made = await admin.request_contract(api_id, application_id)
            contracts[number] = made["id"]
        elif step == "rename":
            await admin.change_application(application_id, name=f"renamed {len(steps)}")
        elif step == "delete" and number in contracts:
            await admin.revoke(api_id, contracts[number])
            await admin.delete_contract(api_id, contracts.pop(number))
        elif step in ("revoke", "restore") and number in contracts:
            await getattr(admin, step)(api_id, contracts[number])
    everything: dict[int, str] = {}
    _apply(everything, (await platform.rest(platform.feed(api_id)))[0])
    listed = await admin.ask("GET", f"{platform.apis}/{api_id}/contracts", status="APPROVED")
    in_force = {row["id"]: row["application"]["name"] for row in listed["contracts"]}
    assert known == everything == in_force


def _apply(known: dict[int, str], entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        if entry["removed"]:
            known.pop(entry["contractId"], None)
        else:
            known[entry["contractId"]] = entry["clientName"]
