"""What operators see of the sync, in its status and in the log."""

import httpx
from structlog.testing import capture_logs

from tests.rig.platform_options import options
from tests.rig.platform_simulator import answering
from tests.unit.platform_client.sync_rig import BLOCKLIST, Rig


async def test_ignored_policy_types_are_shown() -> None:
    """What the operator does without knowingly is neither a fault nor forgotten."""
    rig = Rig(ignored_policy_types=frozenset({"message-logging"}))
    rig.api.apply("message-logging")
    await rig.sync.sync_once()
    assert rig.in_force().faults == ()
    assert rig.sync.status().apis[0].ignored == ("message-logging",)


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


async def test_one_failure_of_the_platform_is_one_message() -> None:
    """However many APIs it concerns: a line at its begin and at its end, and one alarm."""
    rig = Rig()
    for number in range(10, 20):
        rig.platform.add_api(str(number), f"api {number}")
    await rig.sync.sync_once()
    with capture_logs() as logs:
        rig.platform.fail("/apis", answering(503))
        for _ in range(3):
            await rig.sync.sync_once()
            await rig.clock.advance(60)
        (alarm,) = rig.sync.status().alarms
        rig.platform.recover()
        await rig.sync.sync_once()
    assert [log["event"] for log in logs] == ["platform.poll_failed", "platform.poll_recovered"]
    assert logs[0]["error"].endswith(
        "the platform answered 503: it is in trouble; the adapter asks again later"
    )
    assert (logs[1]["failed_for_s"], logs[1]["failed_polls"]) == (180.0, 36)
    assert alarm.startswith("API instances, API 7, API 10, API 11, API 12 and 7 more: GET /")
    assert alarm.endswith("asks again later (since 2027-01-15T08:00:00+00:00)")
    assert rig.sync.status().alarms == ()


async def test_reasons_that_alternate_are_logged_once_each(rig: Rig) -> None:
    """A platform that answers 500 and 503 in turn is no line in each poll."""
    await rig.sync.sync_once()
    with capture_logs() as logs:
        for status in (500, 503, 500, 503):
            rig.platform.fail("/7/policies", answering(status))
            await rig.sync.sync_once()
        (alarm,) = rig.sync.status().alarms
        rig.platform.recover()
        await rig.sync.sync_once()
    events = ["platform.poll_failed"] * 2 + ["platform.poll_recovered"] * 2
    assert [log["event"] for log in logs] == events
    assert "503" in alarm


async def test_two_failures_are_two_messages(rig: Rig) -> None:
    """Each with its own end."""
    rig.platform.add_api("8", "stock")
    await rig.sync.sync_once()
    with capture_logs() as logs:
        rig.platform.fail("/7/policies", answering(403))
        rig.platform.fail("/8/policies", answering(500))
        await rig.sync.sync_once()
    assert len(rig.sync.status().alarms) == 2
    assert [(log["event"], log["of"]) for log in logs] == [
        ("platform.poll_failed", "API 7"),
        ("platform.poll_failed", "API 8"),
    ]


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
