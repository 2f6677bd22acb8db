"""What operators learn about sidecars that meet settings for gateways."""

from structlog.testing import capture_logs

from adapter.telemetry.workload_envoys import WorkloadEnvoys

SIDECAR = "sidecar~10.0.0.7~orders-1.shop~shop.svc.cluster.local"
POSITION = "requests.forwarded_for_position"


def test_a_sidecar_is_named_with_the_settings_and_the_fix() -> None:
    """Once in the log, and from then on by the probe."""
    envoys = WorkloadEnvoys(lambda: (POSITION,))
    with capture_logs() as lines:
        for node in (SIDECAR, SIDECAR, "router~10.0.0.8~gw.shop~x", "edge-1", ""):
            envoys.add(node)
    assert [(line["node"], line["settings"]) for line in lines] == [(SIDECAR, POSITION)]
    assert SIDECAR in envoys.alarms["workloads"]
    assert "destination_principal" in envoys.alarms["workloads"]


def test_the_number_of_names_is_bounded() -> None:
    """An adapter may serve thousands of sidecars."""
    envoys = WorkloadEnvoys(lambda: (POSITION,))
    with capture_logs() as lines:
        for number in range(100):
            envoys.add(f"waypoint~{number}")
    assert len(lines) == 10


def test_without_such_settings_sidecars_are_welcome() -> None:
    """They have bindings of their own."""
    envoys = WorkloadEnvoys(tuple)
    with capture_logs() as lines:
        envoys.add(SIDECAR)
    assert (lines, envoys.alarms) == ([], {})
