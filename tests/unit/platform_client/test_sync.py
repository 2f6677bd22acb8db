"""The snapshot rules, seen from outside: what the platform says, and what is then in force."""

from typing import Any

import pytest

from tests.builders import by_client
from tests.rig.platform_simulator import answering
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


async def test_all_of_the_environment_gets_into_the_snapshot(rig: Rig) -> None:
    """An admin's policies, tiers and contracts are what Checks decide by."""
    gold = rig.api.offer("Gold", (10, 1000))
    rig.api.apply("ip-blocklist", BLOCKLIST)
    rig.platform.automate("client-id-enforcement")
    rig.api.grant("app", tier_id=None, slaTierId=int(gold))
    await rig.sync.sync_once()
    assert rig.policy_types() == ["client-id-enforcement", "ip-blocklist"]
    contract = by_client(rig.in_force().contracts)["app"]
    assert contract.tier_id is not None
    assert rig.in_force().tiers[contract.tier_id].name == "Gold"
    assert contract.secret is not None
    assert contract.secret.matches("secret")
    assert rig.in_force().instance.name == "orders"
    assert rig.sync.all_settled
    assert rig.sync.reached_platform


async def test_what_did_not_change_is_not_published_again(rig: Rig) -> None:
    """A quiet platform costs nothing: the snapshot stays the same object, yet counts as fresh."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    rig.api.grant("app")
    await rig.sync.sync_once()
    before = rig.store.current
    confirmed_at = rig.sync.synced_at("7")
    await rig.clock.advance(15)
    await rig.sync.sync_once()
    assert rig.store.current is before
    assert rig.sync.synced_at("7") == (confirmed_at or 0) + 15


async def test_the_condition_is_built_from_the_servers_clock(rig: Rig) -> None:
    """A wrong clock of ours hides no change: the server's `Date` less a minute is what counts."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    first_poll_at = rig.clock.now()
    await rig.sync.sync_once()
    first, second = rig.platform.asked("/policies")[-2:]
    assert "if-modified-since" not in first.headers
    assert int(second.headers["if-modified-since"]) == int(first_poll_at) - 60


async def test_a_list_that_could_not_be_read_is_not_hidden_by_a_304(rig: Rig) -> None:
    """The condition of the next poll is from before the answer that was broken."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    await rig.clock.advance(100)
    rig.api.apply("client-id-enforcement")
    rig.platform.fail("/policies", answering(200, "<html>"), times=1)
    await rig.clock.advance(100)
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    await rig.clock.advance(100)
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist", "client-id-enforcement"]


async def test_policies_are_fetched_in_full_every_few_minutes(rig: Rig) -> None:
    """A wrong "not modified" has effect only for some minutes."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    await rig.clock.advance(301)
    await rig.sync.sync_once()
    assert "if-modified-since" not in rig.platform.asked("/7/policies")[-1].headers


@pytest.mark.parametrize(
    "fault",
    [
        answering(500),
        answering(503, retry_after="7"),
        answering(429, retry_after="7"),
        answering(401),
        answering(403),
        answering(400),
        answering(200, "<html>maintenance</html>", content_type="text/html"),
        answering(200, '[{"id": 1, "assetId": "ip-al'),
        answering(200, '{"unexpected": true}'),
        answering(302, location="http://platform.test/login"),
    ],
    ids=["500", "503", "429", "401", "403", "400", "html", "cut off", "shape", "redirect"],
)
async def test_an_incomplete_fetch_changes_nothing(rig: Rig, fault: Any) -> None:
    """Whatever goes wrong with an API's policies, the last good state stays and says so."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    before = rig.store.current
    rig.platform.fail("/7/policies", fault)
    rig.api.grant("newcomer")
    rig.api.apply("client-id-enforcement")
    await rig.sync.sync_once()
    assert rig.store.current is before
    assert rig.sync.status().apis[0].last_error is not None
    assert rig.sync.status().alarms
    rig.platform.recover()
    await rig.sync.sync_once()
    assert len(rig.policy_types()) == 2
    assert "newcomer" in by_client(rig.in_force().contracts)
    assert rig.sync.status().alarms == ()


async def test_one_broken_api_does_not_hold_back_the_others(rig: Rig) -> None:
    """The other APIs load and the adapter settles; the broken one is closed and says why."""
    other = rig.platform.add_api("8")
    other.apply("ip-blocklist", BLOCKLIST)
    rig.platform.fail("/7/", answering(500))
    await rig.sync.sync_once()
    assert rig.policy_types("8") == ["ip-blocklist"]
    assert "500" in rig.in_force("7").faults[0]
    assert rig.sync.all_settled


@pytest.mark.parametrize(
    ("asset_id", "configuration", "reason"),
    [
        ("no-such-policy", {}, "not supported"),
        ("ip-blocklist", {"ips": 5}, "ips"),
        ("ip-blocklist", {"ips": ["*****"]}, "mask"),
        ("ip-blocklist", "text", "configurationData"),
    ],
)
async def test_a_policy_that_cannot_be_enforced_closes_its_api(
    rig: Rig, asset_id: str, configuration: Any, reason: str
) -> None:
    """Unknown type, bad configuration, masked secret: closed with the reason, others untouched."""
    other = rig.platform.add_api("8")
    other.apply("ip-blocklist", BLOCKLIST)
    rig.api.apply(asset_id, configuration)
    await rig.sync.sync_once()
    assert reason in " ".join(rig.in_force().faults)
    assert rig.in_force("8").faults == ()


async def test_a_policy_list_turned_empty_is_believed_the_second_time(rig: Rig) -> None:
    """A platform's hiccup opens nothing; an admin's wish does, after an unconditional look."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    rig.api.remove_policies()
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    await rig.sync.sync_once()
    assert rig.policy_types() == []
    assert "if-modified-since" not in rig.platform.asked("/7/policies")[-1].headers


async def test_a_hiccup_of_emptiness_opens_nothing(rig: Rig) -> None:
    """Empty once, back the next time, empty again: every emptiness needs its own second word."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    for _ in range(3):
        rig.platform.fail("/7/policies", answering(200, "[]"), times=1)
        await rig.sync.sync_once()
        await rig.clock.advance(400)
        await rig.sync.sync_once()
        assert rig.policy_types() == ["ip-blocklist"]


async def test_automated_policies_turned_empty_are_believed_the_second_time(rig: Rig) -> None:
    """The same caution guards all APIs at once."""
    rig.platform.automate("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    rig.platform.automated.clear()
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    await rig.sync.sync_once()
    assert rig.policy_types() == []
