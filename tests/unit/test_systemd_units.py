"""The systemd units name commands and options that exist, and wait as long as a stop takes."""

import configparser
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adapter.cli
import control_plane.cli
from adapter.settings import ShutdownSettings

UNITS = sorted((Path(__file__).parents[2] / "examples" / "systemd").glob("*.service"))
PROGRAMS = {"policy-adapter": adapter.cli.app, "policy-control-plane": control_plane.cli.app}


def service(unit: Path) -> configparser.SectionProxy:
    """The section `[Service]` of a unit. Of settings that occur twice, it has the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.read(unit)
    return parser["Service"]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_the_command_and_its_options_exist(unit: Path) -> None:
    """Otherwise the service would not start after an option was renamed."""
    path, command, *arguments = shlex.split(service(unit)["ExecStart"])
    shown = CliRunner().invoke(PROGRAMS[Path(path).name], [command, "--help"])
    assert shown.exit_code == 0
    assert [a for a in arguments if a.startswith("--") and a not in shown.stdout] == []


def test_systemd_waits_for_the_adapters_stop() -> None:
    """It would kill the adapter before the last events are uploaded."""
    (unit,) = [unit for unit in UNITS if unit.name.startswith("policy-adapter")]
    shutdown = ShutdownSettings()
    longest_s = shutdown.drain_s + 2 * shutdown.deadline_s
    assert int(service(unit)["TimeoutStopSec"]) > longest_s
