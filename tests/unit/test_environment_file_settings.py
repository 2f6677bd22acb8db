"""Every command works with settings that name an environment file instead of a platform."""

import base64
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.cli import app
from adapter.cli.known_adapter import known_adapter
from adapter.settings import Settings
from adapter.settings.workers import dumped, loaded, worker_settings

EXAMPLE = Path(__file__).parents[2] / "examples" / "environment.yaml"
NOTE = (
    "note: analytics: nobody gets the events of requests, because platform.file replaces the "
    "platform; for a collector of OpenTelemetry, set analytics.otlp_logs.endpoint"
)


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, in the directory of the settings."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHOP_SECRET", "s3cret-of-the-shop")
    return Path(shutil.copy(EXAMPLE, tmp_path / "environment.yaml"))


def run(command: str, *options: str, **groups: dict[str, Any]) -> Result:
    """Run a command with these settings."""
    free = {
        "listener": {"address": "127.0.0.1:0"},
        "observability": {"metrics_address": "127.0.0.1:0", "inspection_address": None},
    }
    platform = {"file": "environment.yaml"} | groups.pop("platform", {})
    Path("adapter.yaml").write_text(yaml.safe_dump(free | {"platform": platform} | groups))
    return CliRunner().invoke(app, [command, "--config", "adapter.yaml", *options])


def test_the_example_is_good() -> None:
    """Nobody is asked about a platform, and no disk copy is missed."""
    for options in ((), ("--online",)):
        result = run("check-config", *options)
        assert (result.exit_code, result.stdout.splitlines()) == (
            0,
            ["the settings are good; the environment file is environment.yaml", NOTE],
        )


def test_settings_without_effect_are_noted() -> None:
    """They are about a platform; without events, nothing is said about a collector."""
    result = run(
        "check-config",
        platform={"request_timeout_s": 5},
        gatekeeper={"max_age_s": 60},
        disk_copy={"directory": "copy"},
        analytics={"enabled": False},
    )
    assert result.stdout.splitlines()[1:] == [
        "note: platform.request_timeout_s: has no effect with platform.file",
        "note: gatekeeper.max_age_s: has no effect with platform.file",
        "note: disk_copy.directory: has no effect with platform.file",
    ]


@pytest.mark.parametrize("command", ["check-config", "serve"])
def test_a_bad_file_stops_the_start_with_all_faults(file: Path, command: str) -> None:
    """Together with those of the settings."""
    file.write_text(file.read_text().replace("tier: Gold", "tier: Silver") + "- name: 5\n")
    result = run(command, quota={"max_windows": "many"})
    assert result.exit_code == 2
    said = result.stderr
    assert "quota.max_windows: must be a whole number" in said
    assert "platform.file: environment.yaml: line 21: apis.0.contracts.0: the API has no" in said
    assert "applications.1.name: must be text; write it in quotes" in said
    assert "s3cret" not in said


def test_a_platform_beside_the_file_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are named; so is a variable that a container sets."""
    monkeypatch.setenv("POLICY_ADAPTER_PLATFORM__CLIENT_SECRET", "hidden")
    result = run("check-config", platform={"base_url": "https://a.test", "client_id": "gateway"})
    both = "cannot be used together with platform.file; remove one of the two"
    assert [line.strip() for line in result.stderr.splitlines()[1:]] == [
        f"platform.{name}: {both}" for name in ("base_url", "client_id", "client_secret")
    ]
    result = run("check-config", platform={"file": ""})
    assert "platform.file: must not be empty" in result.stderr
    assert "is missing" not in result.stderr


def test_workers_get_the_file() -> None:
    """And nothing that belongs to a platform."""
    settings = Settings.model_validate(
        {
            "platform": {"file": "environment.yaml"},
            "state_directory": "/state",
            "gatekeeper": {"max_age_s": 60},
            "workers": 2,
        }
    )
    worker = worker_settings(settings, 1)
    assert loaded(dumped(worker)) == worker
    assert (worker.platform.file, worker.platform.account) == (Path("environment.yaml"), None)
    assert (worker.disk_directory, worker.spool_file, worker.max_age_s) == (None, None, None)
    assert worker.quota_file == Path("/state/worker-1/quota-windows")
    assert not worker.sends_events


def test_the_doctor_knows_the_apis_of_the_file(file: Path) -> None:
    """To compare them with those in Envoy's routes; a bad file ends the command."""
    settings = Settings.model_validate({"platform": {"file": str(file)}})
    assert known_adapter(settings, None).api_ids == frozenset("12")
    envoy = run("envoy-config", "--api", "3=http://127.0.0.1:8000")
    Path("envoy.yaml").write_text(envoy.stdout)
    assert "api_unknown" in run("doctor", "--file", "envoy.yaml").stdout
    file.write_text("version: 3")
    result = run("doctor", "--file", "envoy.yaml")
    assert result.exit_code == 2
    assert "platform.file: environment.yaml: line 1: version: must be 1" in result.stderr


def test_there_is_no_spool() -> None:
    """Nothing waits for an upload, also with a state directory."""
    Path("adapter.yaml").write_text("state_directory: state\nplatform: {file: environment.yaml}\n")
    result = CliRunner().invoke(app, ["spool", "list", "--config", "adapter.yaml"])
    assert "there is no spool with platform.file" in result.stderr


def test_a_request_is_explained_without_an_adapter(file: Path) -> None:
    """By a file that is not in its place yet; a bad one is named with all faults."""
    new = shutil.copy(file, "new.yaml")
    request = ("GET", "/orders", "--api", "1", "--environment-file", new)
    refused = run("explain", *request)
    assert refused.stdout.startswith("GET /orders at API 1 orders: denied, 401 ")
    credentials = base64.b64encode(b"shop:s3cret-of-the-shop").decode()
    accepted = run("explain", *request, "--header", f"authorization: Basic {credentials}")
    assert "1. client-id-enforcement (1): passed" in accepted.stdout
    Path(new).write_text("version: 3\nx: 1")
    result = run("explain", *request)
    assert result.exit_code == 2
    assert "new.yaml cannot be used:\n  line 1: version: must be 1\n  line 1: x:" in result.stderr
    both = run("explain", *request, "--disk-copy", ".")
    assert "give either --disk-copy or --environment-file" in both.stderr


def test_there_is_no_disk_copy_to_explain() -> None:
    """The command says what to do instead."""
    result = run("explain", "GET", "/orders", "--api", "1", "--disk-copy", ".")
    assert result.exit_code == 2
    assert "there is no disk copy with platform.file; use --environment-file" in result.stderr
