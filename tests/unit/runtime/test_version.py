"""Both programs say which version they are, and it is the one in `pyproject.toml`."""

import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

import adapter.cli
import adapter.runtime.version
import control_plane.cli
import control_plane.version

ROOT = Path(__file__).parents[3]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("program", [adapter.runtime.version, control_plane.version])
def test_the_version_is_that_of_the_project(program: object) -> None:
    """Sources without an installation have no metadata, and that is no failure."""
    read = program.program_version  # type: ignore[attr-defined]
    assert read() == VERSION
    assert read("no-such-package") == "unknown"


def test_the_adapter_prints_its_version_and_its_build() -> None:
    """A bug report needs both."""
    result = CliRunner().invoke(adapter.cli.app, ["--version"])
    assert result.exit_code == 0
    assert result.stdout.startswith(f"policy-adapter {VERSION} (")
    assert f"Python {sys.version_info.major}.{sys.version_info.minor}" in result.stdout


def test_the_control_plane_prints_its_version() -> None:
    """In the same form."""
    result = CliRunner().invoke(control_plane.cli.app, ["--version"])
    assert (result.exit_code, result.stdout[:25]) == (0, f"policy-control-plane {VERSION}"[:25])
