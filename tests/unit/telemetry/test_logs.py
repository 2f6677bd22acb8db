"""Logs, as operators read them."""

import json
from pathlib import Path
from typing import Literal, TextIO

import pytest
import structlog

from adapter.telemetry.logs import configure_logging


def test_machines_get_one_json_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Log lines parse, carry level and time, and respect the level."""
    configure_logging("info", "json")
    log = structlog.get_logger()
    log.debug("too.fine")
    log.info("sync.published", api_id="7")
    structlog.reset_defaults()
    (line,) = capsys.readouterr().err.splitlines()
    entry = json.loads(line)
    assert (entry["event"], entry["level"], entry["api_id"]) == ("sync.published", "info", "7")
    assert entry["timestamp"].endswith("Z")


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_traceback_shows_no_values_of_variables(
    log_format: Literal["console", "json"], capsys: pytest.CaptureFixture[str]
) -> None:
    """They may be secrets. structlog's own traceback for terminals shows them."""
    configure_logging("info", log_format)
    secret = "-".join(["planted", "value"])  # The line of code itself may show.
    try:
        int(secret[:0])
    except ValueError:
        structlog.get_logger().exception("task.crashed")
    structlog.reset_defaults()
    told = capsys.readouterr().err
    assert "Traceback (most recent call last)" in told
    assert "planted-value" not in told


def test_a_log_on_a_full_disk_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither does one that is closed. Who logs goes on."""

    def log_to(full: TextIO) -> None:
        monkeypatch.setattr("sys.stderr", full)
        configure_logging("info", "json")
        structlog.get_logger().info("sync.published", api_id="7")

    with pytest.raises(OSError, match="No space left"), Path("/dev/full").open("w") as full:
        log_to(full)
    structlog.get_logger().info("sync.published", api_id="7")
    structlog.reset_defaults()
