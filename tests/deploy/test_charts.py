"""The charts and what Helm makes of them: the API server's schemas accept every object."""

import json
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from deploy.manifests import definition_template, helm, manifests
from deploy.values_schema import CHARTS, schema_texts
from tests.rig.charts import objects

RUNS = [
    ("policy-adapter",),
    ("policy-adapter", "-f", "adapter-everything.yaml"),
    ("policy-adapter", "-f", "adapter-everything.yaml", "--set", "state.persistent=false"),
    ("policy-adapter", "-f", "controller-istio.yaml"),
    ("policy-adapter", "-f", "controller-envoy-gateway.yaml"),
    ("policy-adapter", "-f", "adapter-odd-names.yaml"),
    ("policy-control-plane",),
    ("policy-control-plane", "-f", "control-plane-everything.yaml"),
    ("policy-control-plane", "-f", "control-plane-odd-names.yaml"),
]
EXAMPLES = Path(__file__).parents[2] / "examples" / "kubernetes"
NEWEST, OLDEST = "1.37", "1.27"


@pytest.mark.parametrize("chart", ["policy-adapter", "policy-control-plane"])
def test_helm_finds_no_fault_in_a_chart(chart: str) -> None:
    """`helm lint` treats warnings as errors."""
    assert "0 chart(s) failed" in helm("lint", "--strict", str(CHARTS / chart))


@pytest.mark.parametrize("run", RUNS, ids=" ".join)
def test_the_api_server_would_accept_every_object(run: tuple[str, ...]) -> None:
    """Fields that the schemas do not know are refused, too."""
    for each in objects(*run):
        if each["kind"] != "ServiceMonitor":
            kubernetes_validate.validate(each, NEWEST, strict=True)


def test_the_oldest_version_that_a_chart_names_accepts_them() -> None:
    """No object needs a newer Kubernetes."""
    for run in RUNS:
        assert yaml.safe_load((CHARTS / run[0] / "Chart.yaml").read_text())["kubeVersion"] == (
            f">={OLDEST}.0-0"
        )
        for each in objects(*run):
            if each["kind"] != "ServiceMonitor":
                kubernetes_validate.validate(each, OLDEST, strict=True)


@pytest.mark.parametrize("file", sorted(EXAMPLES.iterdir()), ids=lambda file: file.name)
def test_examples_are_accepted(file: Path) -> None:
    """Envoys without a mesh; the oldest version is the one that the examples name."""
    for each in yaml.safe_load_all(file.read_text()):
        for version in ("1.30", NEWEST):
            kubernetes_validate.validate(each, version, strict=True)


def test_names_of_objects_differ() -> None:
    """Kubernetes would keep only one of two objects with a name."""
    for run in RUNS:
        names = [(each["kind"], each["metadata"]["name"]) for each in objects(*run)]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("chart", ["policy-adapter", "policy-control-plane"])
def test_every_value_is_used_and_has_a_schema(chart: str) -> None:
    """A value that no template reads would do nothing."""
    values = yaml.safe_load((CHARTS / chart / "values.yaml").read_text())
    schema = json.loads((CHARTS / chart / "values.schema.json").read_text())
    files = (file for file in (CHARTS / chart / "templates").rglob("*.*"))
    templates = "".join(file.read_text() for file in files)
    assert values.keys() == schema["properties"].keys()
    assert [name for name in values if f".Values.{name}" not in templates] == []


def test_plain_manifests_are_what_helm_renders() -> None:
    """If not: `make manifests`."""
    assert {file.name: file.read_text() for file in manifests()} == {
        file.name: text for file, text in manifests().items()
    }


def test_derived_parts_of_the_charts_fit_their_sources() -> None:
    """The settings of the programs, and the definition of ApiBinding. If not: `make manifests`."""
    for file, text in {**schema_texts(), **definition_template()}.items():
        assert file.read_text() == text
