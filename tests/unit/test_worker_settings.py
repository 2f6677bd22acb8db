"""What each worker has of its own."""

import tempfile
from pathlib import Path

import pytest

from adapter.app.preflight.findings import Findings
from adapter.app.preflight.workers import check_workers
from adapter.settings import QuotaSettings, Settings, load_settings
from adapter.settings.workers import dumped, loaded, worker_addresses, worker_settings
from tests.unit.test_own_files import PLATFORM

EXAMPLE = Path(__file__).parents[2] / "examples" / "adapter.yaml"


def settings(**groups: object) -> Settings:
    """Settings of an adapter with three workers."""
    return Settings.model_validate({"platform": PLATFORM, "workers": 3, **groups})


@pytest.mark.parametrize(
    ("address", "addresses"),
    [
        ("127.0.0.1:9001", ("127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003")),
        ("[::1]:9001", ("[::1]:9001", "[::1]:9002", "[::1]:9003")),
        ("127.0.0.1:0", ("127.0.0.1:0",) * 3),
        ("unix:/run/a.sock", ("unix:/run/a.sock", "unix:/run/a.sock.1", "unix:/run/a.sock.2")),
        ("unix-abstract:a", ("unix-abstract:a", "unix-abstract:a.1", "unix-abstract:a.2")),
    ],
)
def test_each_worker_has_its_own_address(address: str, addresses: tuple[str, ...]) -> None:
    """Envoy balances over addresses."""
    assert worker_addresses(settings(listener={"address": address})) == addresses


def test_each_worker_has_its_own_files_and_name() -> None:
    """Worker 0 keeps those of an adapter without other workers."""
    groups = {
        "state_directory": "/state",
        "disk_copy": {"directory": "/copy"},
        "quota": {"file": "/quotas/windows", "processes": 2},
        "reports": {"instance_id": "gateway-1"},
    }
    first, second = (worker_settings(settings(**groups), number) for number in range(2))
    assert first.spool_file == Path("/state/events.spool")
    assert first.disk_directory == Path("/copy")
    assert first.quota_file == Path("/quotas/windows")
    assert first.reports.instance_id == "gateway-1"
    assert second.spool_file == Path("/state/worker-1/events.spool")
    assert second.disk_directory == Path("/copy/worker-1")
    assert second.quota_file == Path("/quotas/windows.1")
    assert second.reports.instance_id == "gateway-1.1"
    assert (first.quota.processes, second.quota.processes) == (6, 6)


def test_what_is_not_set_stays_so() -> None:
    """The default name for reports follows from the address."""
    worker = worker_settings(settings(), 2)
    assert (worker.state_directory, worker.quota_file, worker.disk_directory) == (None, None, None)
    assert worker.reports.instance_id is None


def test_settings_reach_a_worker_as_they_are() -> None:
    """With their secrets, addresses, networks and lists."""
    groups = {
        "listener": {"token": "t0ken-of-envoy", "address": "unix:/run/a.sock"},
        "requests": {"bindings": [{"api_id": "7", "authority": "shop.test"}]},
        "identity": {"allow_networks": ["10.0.0.0/8", "fd00::/8"]},
        "analytics": {"otlp_logs": {"header_files": {"authorization": "/run/otlp"}}},
        "state_directory": "/state",
    }
    for given in (settings(**groups), load_settings(EXAMPLE)):
        assert loaded(dumped(given)) == given


def notes(workers: int, state: Path | None = None, **quota: object) -> list[str]:
    """What is noted about so many workers."""
    findings = Findings()
    check_workers(findings, workers, QuotaSettings.model_validate(quota), state)
    assert findings.faults == []
    return findings.notes


def test_limits_that_are_counted_several_times_are_noted() -> None:
    """Loudly, because nobody would notice before a service is overloaded."""
    assert notes(1) == []
    assert notes(2, store="redis", url="redis://127.0.0.1") == []
    assert notes(2, processes=3) == [
        "workers: each of the 2 workers counts quotas in its own memory, so rate limits admit up "
        "to 6 times as many requests; for exact limits, set quota.store: redis"
    ]


def test_events_that_no_worker_would_upload_are_noted(tmp_path: Path) -> None:
    """They are there after an operator has lowered `workers`."""
    for name in ("worker-1", "worker-2", "worker-x"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "events.spool").touch()
    redis = {"store": "redis", "url": "redis://127.0.0.1"}
    assert notes(3, tmp_path, **redis) == []
    (note,) = notes(2, tmp_path, **redis)
    assert note.startswith("workers: there is no worker-2 any more, so nobody uploads the events")


@pytest.mark.parametrize(
    ("directory", "fault"),
    [
        ("missing", "workers: there is no directory for temporary files, where the sockets"),
        ("d" * 90, f"workers: the path {'d' * 90} is too long for the sockets between workers; "),
    ],
    ids=["missing", "long"],
)
def test_no_place_for_the_sockets_between_workers(
    monkeypatch: pytest.MonkeyPatch, directory: str, fault: str
) -> None:
    """It is found before the start."""

    def found() -> str:
        if directory == "missing":
            raise FileNotFoundError
        return directory

    monkeypatch.setattr(tempfile, "gettempdir", found)
    findings = Findings()
    check_workers(findings, 1, QuotaSettings(), None)
    assert findings.faults == []
    check_workers(findings, 2, QuotaSettings(), None)
    (only,) = findings.faults
    assert only.startswith(fault)
