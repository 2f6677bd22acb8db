"""The snapshot rules, seen from outside: what the platform says, and what is then in force."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from tests.builders import by_client
from tests.rig.platform_options import options
from tests.rig.platform_simulator import answering, feed_page
from tests.unit.platform_client.sync_rig import Rig

BLOCKLIST = {"ips": ["192.0.2.1"]}


@pytest.fixture
def rig() -> Rig:
    """A rig with one API, number 7, that has no policies yet."""
    return Rig()


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


async def test_policies_are_fetched_in_full_every_few_minutes(rig: Rig) -> None:
    """A platform that wrongly says "not modified" is believed for minutes, not for ever."""
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
    """An API that is gone by its own answer and from the list is no alarm for ever."""
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


async def test_a_forbidden_list_does_not_slow_down_automated_policies(rig: Rig) -> None:
    """Each list has its own backoff: an automated policy guards all APIs within one poll."""
    async with rig.running():
        rig.platform.fail("/apis?", answering(403))
        await rig.clock.advance(3600)
        rig.platform.automate("ip-blocklist", BLOCKLIST)
        await rig.clock.advance(16)
        assert rig.policy_types() == ["ip-blocklist"]


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


async def test_ignored_policy_types_are_shown() -> None:
    """What the operator does without knowingly is neither a fault nor forgotten."""
    rig = Rig(ignored_policy_types=frozenset({"message-logging"}))
    rig.api.apply("message-logging")
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()
    assert rig.sync.status().apis[0].ignored == ("message-logging",)


async def test_an_unusable_cursor_starts_the_feed_anew(rig: Rig) -> None:
    """The platform may forget a cursor; the contracts are then read from the beginning."""
    rig.api.grant("one")
    await rig.sync.sync_once()
    rig.api.grant("two")
    rig.platform.fail("cursor=1", answering(400))
    await rig.sync.sync_once()
    assert by_client(rig.in_force().contracts).keys() == {"one", "two"}


async def test_the_feed_is_read_from_its_beginning_each_hour(rig: Rig) -> None:
    """A contract whose tombstone was lost does not live for ever."""
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


async def test_without_the_platform_nothing_settles(rig: Rig) -> None:
    """At a cold start into an outage the adapter is not ready, and not closed API by API either."""
    rig.platform.fail("", answering(503))
    await rig.sync.sync_once()
    assert not rig.sync.all_settled
    assert not rig.sync.reached_platform
    assert rig.sync.last_contact() is None
    assert rig.store.current.apis == {}


async def test_named_apis_are_not_closed_by_an_outage() -> None:
    """With a list of ids too: nothing is known of these APIs in particular, so all stay unknown."""
    rig = Rig(apis=("7",))
    rig.platform.fail("", answering(503))
    await rig.sync.sync_once()
    assert rig.store.current.apis == {}
    assert not rig.sync.all_settled


async def test_an_api_needs_the_automated_policies_to_load(rig: Rig) -> None:
    """Without knowing the environment's policies an API is closed: they may be what guards it."""
    rig.platform.fail("/automated-policies", answering(403))
    await rig.sync.sync_once()
    assert "403" in rig.in_force().faults[0]
    rig.platform.recover()
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()


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


async def test_a_lasting_failure_is_logged_once(rig: Rig) -> None:
    """An outage of a night is one line for each thing that fails, and one when it is over."""
    await rig.sync.sync_once()
    with capture_logs() as logs:
        rig.platform.fail("/7/policies", answering(500))
        for _ in range(5):
            await rig.sync.sync_once()
        rig.platform.recover()
        await rig.sync.sync_once()
    assert [log["event"] for log in logs] == ["platform.poll_failed", "platform.poll_recovered"]


async def test_a_closed_api_is_loud(rig: Rig) -> None:
    """Log and status name the policy; the API is open again once it is removed."""
    rig.platform.automate("client-id-enforcement")
    rig.api.apply("no-such-policy")
    with capture_logs() as logs:
        await rig.sync.sync_once()
        await rig.sync.sync_once()
    assert [log["event"] for log in logs] == ["platform.api_closed"]
    assert "no-such-policy" in rig.sync.status().apis[0].faults[0]
    rig.api.remove_policies()
    await rig.sync.sync_once()
    await rig.sync.sync_once()
    assert rig.sync.status().apis[0].faults == ()


async def test_a_bug_in_one_poll_stops_nothing(rig: Rig) -> None:
    """Even an exception that nobody foresaw leaves the last good state and the other APIs."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    await rig.sync.sync_once()

    def broken(_request: httpx.Request) -> httpx.Response:
        raise RuntimeError("a bug with a secret in its text")

    rig.platform.fail("/7/policies", broken)
    await rig.sync.sync_once()
    assert rig.policy_types() == ["ip-blocklist"]
    assert "secret" not in str(rig.sync.status())


async def test_status_holds_no_secrets(rig: Rig) -> None:
    """What operators see names no secret, hash or token."""
    rig.api.apply("ip-blocklist", BLOCKLIST)
    rig.api.grant("app")
    await rig.sync.sync_once()
    shown = repr((rig.sync.status(), options(), rig.store.current))
    assert "gateway-secret" not in shown
    assert "token-" not in shown
    assert rig.api.feed[0]["clientSecret"] not in shown


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
