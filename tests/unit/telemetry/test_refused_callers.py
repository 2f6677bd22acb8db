"""What operators learn about clients that do not get in."""

from structlog.testing import capture_logs

from adapter.telemetry.refused_callers import FIXES, RefusedCallers
from adapter.transport.http2.limits import REFUSALS
from tests.rig.clock import ManualClock

KIND = "tls_certificate_not_trusted"


def test_every_kind_has_a_fix() -> None:
    """A message without one would only say that something is wrong."""
    assert set(FIXES) == set(REFUSALS)


def test_the_log_names_the_client_and_the_fix_once_a_minute() -> None:
    """However often it tries; the next line says how many there were."""
    clock = ManualClock()
    refused = RefusedCallers(clock)
    with capture_logs() as lines:
        for port in range(100):
            refused.add(KIND, f"10.0.0.7:{port}", "CERTIFICATE_VERIFY_FAILED")
        refused.add("unauthenticated", "10.0.0.8:1", "")
        clock.time_s += 61
        refused.add(KIND, "10.0.0.9:1", "")
    assert [(line["kind"], line["peer"], line["suppressed"]) for line in lines] == [
        (KIND, "10.0.0.7:0", 0),
        ("unauthenticated", "10.0.0.8:1", 0),
        (KIND, "10.0.0.9:1", 99),
    ]
    assert "listener.tls_client_ca_file" in lines[0]["fix"]


def test_the_alarm_goes_away_when_nobody_is_refused_any_more() -> None:
    """It speaks of the last minutes, without addresses, because anybody may ask the probe."""
    clock = ManualClock()
    refused = RefusedCallers(clock)
    with capture_logs():
        for minute in range(3):
            clock.time_s += 60
            for _ in range(minute + 1):
                refused.add(KIND, "10.0.0.7:1", "")
    assert refused.alarms == {
        f"refused {KIND}": f"in the last 5 minutes 6 connections or calls were refused: {KIND}; "
        f"{FIXES[KIND]}"
    }
    clock.time_s += 180
    assert " 5 connections" in refused.alarms[f"refused {KIND}"]
    clock.time_s += 300
    assert refused.alarms == {}
