"""`policy-adapter import asm`, as someone types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from adapter.cli import app
from tests.unit.anypoint_service_mesh.dumps import SECRET, adapter, by_id


@pytest.mark.parametrize("dump", [json.dumps, yaml.safe_dump], ids=["JSON", "YAML"])
def test_bindings_on_standard_output(dump: Callable[[object], str], tmp_path: Path) -> None:
    """What kubectl applies goes to standard output, and what people read to standard error."""
    file = tmp_path / "dump"
    file.write_text(dump([adapter(), by_id()]))
    result = CliRunner().invoke(app, ["import", "asm", str(file)])
    assert result.exit_code == 0
    (binding,) = yaml.safe_load_all(result.stdout)
    assert binding["spec"]["apiId"] == "17"
    lines = result.stderr.splitlines()
    assert lines[0] == "approximated ServiceInstance shop/mesh-adapter"
    assert lines[-2:] == [
        "exact        ServiceBinding shop/orders -> ApiBinding shop/orders",
        "2 objects: 1 exact, 1 approximated, 0 refused",
    ]
    assert SECRET not in result.output


def test_a_refusal_has_an_exit_code(tmp_path: Path) -> None:
    """So that a script notices it."""
    file = tmp_path / "dump"
    file.write_text(yaml.safe_dump(by_id(apiId=None)))
    result = CliRunner().invoke(app, ["import", "asm", str(file)])
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("refused      ServiceBinding shop/orders\n")


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"{", "is not YAML, line 1, column 2"),
        (b"a: 1\na: 2", "a occurs twice in one group"),
        (b"\xff", "it is not UTF-8 text"),
        (b"\x00", "it contains control characters"),
        (b"[" * 1_000, "it is nested too deeply"),
        (b"---\n", "has no objects"),
    ],
    ids=["cut off", "twice", "bytes", "NUL", "deep", "empty"],
)
def test_what_is_no_dump_is_refused(content: bytes, fault: str, tmp_path: Path) -> None:
    """With the place, or the reason."""
    file = tmp_path / "dump"
    file.write_bytes(content)
    result = CliRunner().invoke(app, ["import", "asm", str(file)])
    assert (result.exit_code, result.stdout) == (2, "")
    assert fault in result.stderr
    assert str(file) in result.stderr
