"""What operators learn about requests that bypass the adapter."""

from structlog.testing import capture_logs

from adapter.telemetry.unchecked_requests import UncheckedRequests
from tests.rig.clock import ManualClock


def test_log_and_probe_name_the_api_and_the_fix() -> None:
    """The log once a minute for each API; the probe for five minutes."""
    clock = ManualClock()
    unchecked = UncheckedRequests(clock)
    with capture_logs() as lines:
        for api_id in ("1", "1", "2", "1"):
            unchecked.add(api_id)
        clock.time_s += 61
        unchecked.add("1")
    told = [(line["api_id"], line["suppressed"]) for line in lines]
    assert told == [("1", 0), ("2", 0), ("1", 2)]
    assert "mergeType" in lines[0]["fix"]
    alarm = unchecked.alarms["api 1 unchecked"]
    assert alarm.startswith("in the last 5 minutes 4 requests passed without a Check; examine")
    clock.time_s += 400
    assert unchecked.alarms == {}
