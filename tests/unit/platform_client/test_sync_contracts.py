"""Which contracts are in force after a poll, and how the contract feed is read."""

from collections.abc import Callable

import httpx
import pytest

from tests.builders import by_client
from tests.rig.platform_simulator import answering, feed_page
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


async def test_a_revoked_contract_is_gone_with_the_next_poll(rig: Rig) -> None:
    """A tombstone in the feed ends a contract; the others stay."""
    rig.api.grant("good")
    bad = rig.api.grant("bad")
    await rig.sync.sync_once()
    rig.api.revoke(bad)
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"good"}


async def test_revocations_get_through_while_policies_cannot_be_fetched(rig: Rig) -> None:
    """A contract that the platform ended does not live on because another endpoint is broken."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    bad = rig.api.grant("bad")
    await rig.sync.sync_once()
    rig.platform.fail("/7/policies", answering(500))
    rig.api.revoke(bad)
    rig.api.grant("newcomer")
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == set()
    assert rig.policy_types() == ["ip-blocklist"]
    rig.platform.recover()
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"newcomer"}


async def test_revocations_get_through_while_the_api_seems_gone(rig: Rig) -> None:
    """A first 404 changes nothing but what the feed took away."""
    bad = rig.api.grant("bad")
    rig.api.grant("good")
    await rig.sync.sync_once()
    rig.platform.fail("/7/policies", answering(404))
    rig.api.revoke(bad)
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"good"}


async def test_a_bad_contract_alone_is_closed(rig: Rig) -> None:
    """An unknown tier or an unreadable secret closes that contract and names it, nothing else."""
    rig.api.grant("good")
    lost = rig.api.grant("tierless", slaTierId=999)
    rig.api.grant("odd", clientSecret="not a hash")
    rig.api.revoke("c-unheard-of")
    await rig.sync.sync_once()
    contracts = by_client(rig.in_force().contracts)
    assert contracts["good"].fault is None
    assert "999" in (contracts["tierless"].fault or "")
    assert "hash" in (contracts["odd"].fault or "")
    assert rig.in_force().faults == ()
    assert rig.sync.status().apis[0].closed_contracts == 2
    rig.api.revoke(lost)
    await rig.sync.sync_once()
    assert "tierless" not in by_client(rig.in_force().contracts)


async def test_a_new_tier_is_fetched_when_a_contract_names_it(rig: Rig) -> None:
    """A contract on a tier made a moment ago works with its first poll, not a minute later."""
    await rig.sync.sync_once()
    tier = rig.api.offer("New", (5, 1000))
    rig.api.grant("app", slaTierId=tier)
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts)["app"].fault is None


async def test_an_edited_tier_takes_effect_within_a_minute(rig: Rig) -> None:
    """Tiers are fetched each minute, whatever the contracts do."""
    tier = rig.api.offer("Gold", (5, 1000))
    rig.api.grant("app", slaTierId=tier)
    await rig.sync.sync_once()
    rig.api.tiers[0]["limits"][0]["maximumRequests"] = 50
    await rig.clock.advance(61)
    await rig.sync.sync_once()
    (found,) = rig.in_force().tiers.values()
    assert found.limits[0].maximum_requests == 50


async def test_an_unusable_cursor_starts_the_feed_anew(rig: Rig) -> None:
    """The platform may forget a cursor; the contracts are then read from the beginning."""
    rig.api.grant("one")
    await rig.sync.sync_once()
    rig.api.grant("two")
    rig.platform.fail("cursor=1", answering(400))
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"one", "two"}


async def test_the_feed_is_read_from_its_beginning_each_hour(rig: Rig) -> None:
    """A contract whose tombstone was lost is removed later."""
    rig.api.grant("one")
    rig.api.grant("two")
    await rig.sync.sync_once()
    rig.api.feed.pop()
    await rig.clock.advance(3601)
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"one"}


async def test_a_failure_in_the_middle_of_the_feed_changes_nothing(rig: Rig) -> None:
    """Half a pass is a state that the platform never had."""
    for number in range(5):
        rig.api.grant(f"app-{number}")
    await rig.sync.sync_once()
    before = rig.store.current
    for number in range(5):
        rig.api.revoke(f"c-app-{number}")
    rig.platform.fail("cursor=8", answering(500))
    await rig.sync.sync_once()
    assert rig.store.current is before
    rig.platform.recover()
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts) == {}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (lambda r: feed_page(r, [{"contractId": "x"}], f"n={len(str(r.url))}{r.url.query!r}"), ""),
        (
            lambda _: httpx.Response(
                200,
                json={"links": {"next": "http://evil.test/next"}, "data": [{"contractId": "x"}]},
            ),
            "evil.test",
        ),
        (lambda r: feed_page(r, [{"contractId": "x"}], "a" if r.url.query == b"b" else "b"), ""),
    ],
    ids=["endless", "another host", "circle"],
)
async def test_a_feed_that_leads_astray_is_left(
    fault: Callable[[httpx.Request], httpx.Response], reason: str
) -> None:
    """Endless pages, a circle, a link to another host: the last good state stays."""
    rig = Rig(max_pages=20)
    rig.api.grant("app")
    await rig.sync.sync_once()
    before = rig.store.current
    asked = len(rig.platform.requests)
    rig.platform.fail("/contracts", fault)
    await rig.sync.sync_once()
    assert rig.store.current is before
    assert reason in (rig.sync.status().apis[0].last_error or "")
    assert len(rig.platform.requests) - asked < 40
    assert all(request.url.host == "platform.test" for request in rig.platform.requests)
