"""`policy-adapter envoy-config --for ...`, as someone types it."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from adapter.cli import app
from tests.rig.mesh_plans import EXAMPLES
from tests.unit.test_cli import SETTINGS

ISTIO = EXAMPLES / "istio.yaml"


@pytest.fixture
def command(tmp_path: Path) -> tuple[str, ...]:
    """The command, with a file of settings."""
    file = tmp_path / "adapter.yaml"
    file.write_text(yaml.safe_dump(SETTINGS))
    return ("envoy-config", "--config", str(file), "--for", "istio")


def run(*arguments: object) -> Result:
    """What the command says, and its exit code."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_all_documents_on_standard_output(command: tuple[str, ...]) -> None:
    """The token is the settings', so that it is not typed twice."""
    result = run(*command, "--plan", ISTIO)
    assert (result.exit_code, result.stderr) == (0, "")
    kinds = [document.get("kind") for document in yaml.safe_load_all(result.stdout)]
    assert kinds[:3] == [None, None, "DestinationRule"]
    assert result.stdout.count("between-us") == 8


def test_a_directory_has_one_file_for_each_reader(command: tuple[str, ...], tmp_path: Path) -> None:
    """What is applied contains objects alone; a second run changes nothing."""
    directory = tmp_path / "mesh"
    first = run(*command, "--plan", ISTIO, "--output-dir", directory)
    names = "adapter-settings.yaml, mesh-config.yaml, objects.yaml"
    assert first.stdout == f"written to {directory}: {names}\n"
    objects = list(yaml.safe_load_all((directory / "objects.yaml").read_text()))
    assert {"apiVersion", "kind", "metadata", "spec"} == set().union(*objects)
    second = run(*command, "--plan", ISTIO, "--output-dir", directory)
    assert second.stdout == f"written to {directory}: nothing changed\n"


def test_a_file_is_its_owners_alone(command: tuple[str, ...], tmp_path: Path) -> None:
    """It contains the token."""
    file = tmp_path / "mesh.yaml"
    assert run(*command, "--plan", ISTIO, "--output", file).exit_code == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(yaml.safe_load_all(file.read_text()))


@pytest.mark.parametrize(
    ("arguments", "faults"),
    [
        ((), ["--plan: is missing; --for istio reads the APIs from this file"]),
        (
            ("--plan", ISTIO, "--api", "1=http://a:1", "--listen", "1.2.3.4:5"),
            [
                "--api: has no effect with --for istio; leave it out",
                "--listen: has no effect with --for istio; leave it out",
            ],
        ),
        (
            ("--plan", ISTIO, "--output", "x", "--output-dir", "y"),
            ["--output-dir: cannot be used together with --output"],
        ),
        (("--plan", "/absent.yaml"), ["cannot read the mesh plan /absent.yaml: No such file"]),
        (("--plan", EXAMPLES / "gateway-api.yaml"), ["labels: is missing", "service: is for"]),
    ],
)
def test_what_cannot_be_used_is_named(
    command: tuple[str, ...], arguments: tuple[str, ...], faults: list[str]
) -> None:
    """Nothing is printed that somebody could apply."""
    result = run(*command, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert [fault for fault in faults if fault not in result.stderr] == []


def test_a_plan_with_mistakes(command: tuple[str, ...], tmp_path: Path) -> None:
    """All are named at once, by their places in the file."""
    plan = tmp_path / "mesh.yaml"
    plan.write_text(
        "envoys: [{kind: proxy, name: A_b, apis: [{api_id: 1, rout: x}, {route: Ingress/a/b}]}]"
    )
    result = run(*command, "--plan", plan)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0] == f"policy-adapter: mesh plan {plan}:"
    places = [line.partition(": ")[0] for line in lines[1:]]
    assert places == [
        *("envoys.0.kind", "envoys.0.name", "envoys.0.apis.0.rout"),
        *("envoys.0.apis.1.api_id", "envoys.0.apis.1.route"),
    ]


def test_only_meshes_have_a_plan(command: tuple[str, ...]) -> None:
    """An Envoy of its own has its APIs on the command line."""
    result = run(*command[:-1], "envoy", "--api", "1=http://a:1", "--plan", ISTIO)
    assert result.exit_code == 2
    assert "--plan: has no effect without --for istio" in result.stderr
