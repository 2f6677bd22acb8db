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
