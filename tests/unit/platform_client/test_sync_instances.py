"""Which APIs are in the snapshot after a poll."""

import asyncio

import httpx

from tests.rig.platform_simulator import answering, feed_page
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


async def test_an_api_that_the_platform_does_not_know_is_closed_the_second_time(rig: Rig) -> None:
    """404 once changes nothing; twice closes the API; an answer opens it again."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    rig.platform.fail("/7/", answering(404))
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()
    await rig.sync.sync_once()
    assert "no longer knows" in rig.in_force().faults[0]
    rig.platform.recover()
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()
    assert rig.policy_types() == ["ip-blocklist"]


async def test_a_deleted_api_leaves_the_snapshot(rig: Rig) -> None:
    """An API that is gone from its own answer and from the list stops being an alarm."""
    rig.platform.add_api("8")
    await rig.sync.sync_once()
    del rig.platform.apis["7"]
    for _ in range(3):
        await rig.clock.advance(61)
        await rig.sync.sync_once()
    assert rig.store.current.apis.keys() == {"8"}


async def test_a_deleted_api_does_not_come_back_by_a_late_answer(rig: Rig) -> None:
    """A poll that was under way while its API was dropped publishes nothing any more."""
    await rig.sync.sync_once()
    del rig.platform.apis["7"]
    await rig.sync.sync_once()
    await rig.sync.sync_once()
    release = asyncio.Event()

    async def late(request: httpx.Request) -> httpx.Response:
        await release.wait()
        return feed_page(request, [], "cursor=0")

    rig.platform.fail("/7/contracts", late)
    async with rig.running():
        assert rig.platform.asked("/7/contracts")
        assert "7" not in rig.store.current.apis
        release.set()
        await rig.clock.settle()
        assert "7" not in rig.store.current.apis


async def test_a_renamed_api_is_renamed_here(rig: Rig) -> None:
    """Analytics carry the name that the admin sees."""
    await rig.sync.sync_once()
    rig.api.name = "purchases"
    await rig.sync.sync_once()
    assert rig.in_force().instance.name == "purchases"


async def test_a_list_that_forgets_an_api_closes_nothing(rig: Rig) -> None:
    """The list of instances is a hint: what it lacks is asked for by itself."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()
    rig.platform.fail("/apis?", answering(200, '{"total": 0, "assets": []}'))
    for _ in range(3):
        await rig.clock.advance(61)
        await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    assert rig.in_force().faults == ()


async def test_a_new_api_needs_no_restart(rig: Rig) -> None:
    """An instance created on the platform is enforced with the next look at the list."""
    await rig.sync.sync_once()
    rig.platform.add_api("9").apply("ip-blocklist", BLOCKLIST)
    await rig.clock.advance(61)
    await rig.sync.sync_once()
    assert rig.policy_types("9") == ["ip-blocklist"]


async def test_the_operator_may_name_the_apis() -> None:
    """With a list of ids nothing else is asked for, and an unknown id is closed, not ignored."""
    rig = Rig(apis=("7", "404"))
    rig.platform.add_api("8")
    await rig.sync.sync_once()
    await rig.sync.sync_once()
    assert rig.store.current.apis.keys() == {"7", "404"}
    assert rig.in_force("7").instance.name == "orders"
    assert "no longer knows" in rig.in_force("404").faults[0]
    assert rig.platform.asked("/apis?") == []


async def test_without_the_platform_nothing_settles(rig: Rig) -> None:
    """At a cold start into an outage the adapter is not ready, and not closed API by API either."""
    rig.platform.fail("", answering(503))
    await rig.sync.sync_once()
    assert not rig.sync.all_settled
    assert not rig.sync.reached_platform
    assert rig.sync.last_contact() is None
    assert rig.store.current.apis == {}
    assert rig.sync.awaits("any")


async def test_named_apis_are_not_closed_by_an_outage() -> None:
    """With a list of ids too: nothing is known of these APIs in particular, so all stay unknown."""
    rig = Rig(apis=("7",))
    rig.platform.fail("", answering(503))
    await rig.sync.sync_once()
    assert rig.store.current.apis == {}
    assert not rig.sync.all_settled
    assert rig.sync.awaits("7")
    assert not rig.sync.awaits("8")


async def test_an_api_needs_the_automated_policies_to_load(rig: Rig) -> None:
    """Without knowing the environment's policies an API is closed: they may be what guards it."""
    rig.platform.fail("/automated-policies", answering(403))
    await rig.sync.sync_once()
    assert "403" in rig.in_force().faults[0]
    rig.platform.recover()
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()
