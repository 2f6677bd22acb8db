"""When the sync asks the platform again."""

import asyncio
import random

import httpx
import pytest

from tests.builders import by_client
from tests.rig.platform_simulator import answering
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


async def test_a_forbidden_list_does_not_slow_down_automated_policies(rig: Rig) -> None:
    """Each list has its own backoff: an automated policy guards all APIs within one poll."""
    async with rig.running():
        rig.platform.fail("/apis?", answering(403))
        await rig.clock.advance(3600)
        rig.platform.automate("ip-blocklist", BLOCKLIST)
        await rig.clock.advance(16)
        assert rig.policy_types() == ["ip-blocklist"]


async def test_the_loops_poll_and_find_what_is_new(rig: Rig) -> None:
    """Left alone, the sync notices a revocation within one poll and a new API within a minute."""
    app = rig.api.grant("app")
    async with rig.running():
        assert by_client(rig.in_force().contracts).keys() == {"app"}
        rig.api.revoke(app)
        await rig.clock.advance(16)
        assert by_client(rig.in_force().contracts) == {}
        rig.platform.add_api("8")
        await rig.clock.advance(76)
        assert "8" in rig.store.current.apis


async def test_a_removed_policy_is_confirmed_at_once(rig: Rig) -> None:
    """The second look does not wait for the next poll."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    async with rig.running():
        rig.api.remove_policies()
        await rig.clock.advance(18)
        assert rig.policy_types() == []


async def test_a_hanging_api_does_not_delay_the_others() -> None:
    """While one API's requests hang, another one's revocations come as ever."""
    rig = Rig(apis=("7", "8"))
    other = rig.platform.add_api("8")
    app = other.grant("app")

    async def hang(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    rig.platform.fail("/7/", hang)
    async with rig.running():
        other.revoke(app)
        await rig.clock.advance(16)
        assert by_client(rig.in_force("8").contracts) == {}


async def test_retry_after_is_honoured(rig: Rig) -> None:
    """A platform that asks for a minute gets it, for that API alone."""
    rig.platform.add_api("8")
    async with rig.running():
        rig.platform.fail("/7/", answering(429, retry_after="100"))
        await rig.clock.advance(16)
        asked = len(rig.platform.asked("/7/"))
        others = len(rig.platform.asked("/8/"))
        await rig.clock.advance(80)
        assert len(rig.platform.asked("/7/")) == asked
        assert len(rig.platform.asked("/8/")) > others
        rig.platform.recover()
        await rig.clock.advance(40)
        assert len(rig.platform.asked("/7/")) > asked


async def test_polls_are_jittered() -> None:
    """Replicas started together do not stay in step."""
    rig = Rig(poll_spread=0.2)
    async with rig.running():
        asked = len(rig.platform.asked("/7/policies"))
        await rig.clock.advance(17)
        assert len(rig.platform.asked("/7/policies")) == asked
        await rig.clock.advance(1)
        assert len(rig.platform.asked("/7/policies")) == asked + 1


async def test_backoff_has_a_cap(rig: Rig) -> None:
    """After hours of trouble the platform is asked at least every five minutes."""
    async with rig.running():
        rig.platform.fail("/7/", answering(500))
        await rig.clock.advance(3600)
        asked = len(rig.platform.asked("/7/"))
        await rig.clock.advance(301)
        assert len(rig.platform.asked("/7/")) > asked


async def test_after_a_recovery_the_backoff_is_short_again(rig: Rig) -> None:
    """One failure a day after a long outage does not cost five minutes."""
    async with rig.running():
        rig.platform.fail("/7/", answering(500))
        await rig.clock.advance(3600)
        rig.platform.recover()
        await rig.clock.advance(330)
        rig.platform.fail("/7/", answering(500), times=1)
        await rig.clock.advance(16)
        asked = len(rig.platform.asked("/7/"))
        await rig.clock.advance(16)
        assert len(rig.platform.asked("/7/")) > asked


@pytest.mark.parametrize("seed", range(8))
async def test_after_an_outage_at_the_start_nothing_is_served_closed(seed: int) -> None:
    """When the list of APIs is back, so are the policies that all of them need.

    However long each of the two would still have waited by itself.
    """
    rig = Rig(jitter=random.Random(seed).random)  # noqa: S311 - jitter
    rig.platform.fail("", answering(503))
    async with rig.running():
        for _ in range(360):
            await rig.clock.advance(10)
        rig.platform.recover()
        while not rig.sync.all_settled:
            await rig.clock.advance(1)
        assert rig.in_force().faults == ()
