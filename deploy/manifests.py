"""Plain manifests, for sites without Helm: what the charts render with their default values."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.values_schema import CHARTS

_MANIFESTS: Final = Path(__file__).parent / "kubernetes"
_DEFINITION: Final = Path(__file__).parent / "crds" / "apibindings.yaml"
_HEADING: Final = """\
# Rendered from deploy/helm/{chart} with its default values by `make manifests`. Do not edit.
# docs/mesh/kubernetes.md says what to change in a copy.
"""


def manifests() -> Mapping[Path, str]:
    """The texts of all files."""
    return {
        _MANIFESTS / f"{chart}.yaml": _HEADING.format(chart=chart) + rendered(chart)
        for chart in ("policy-adapter", "policy-control-plane")
    }


def definition_template() -> Mapping[Path, str]:
    """The definition of ApiBinding as a template of the adapter's chart.

    Helm upgrades a template, unlike files in `crds/`. It keeps the definition when the release is
    removed, because all ApiBindings would go with it.
    """
    text = _DEFINITION.read_text()
    name = "  name: apibindings.policy-adapter.dev\n"
    kept = text.replace(name, f"{name}  annotations: {{helm.sh/resource-policy: keep}}\n", 1)
    condition = "{{- if and .Values.controller.enabled .Values.controller.crds }}"
    file = CHARTS / "policy-adapter" / "templates" / "controller" / "apibindings.yaml"
    return {file: f"{condition}\n{kept}{{{{- end }}}}\n"}


def rendered(chart: str, *options: str) -> str:
    """What `helm template` prints; raises HelmError if it refuses the values."""
    return helm("template", chart, str(CHARTS / chart), *options)


def helm(*arguments: str) -> str:
    """What Helm prints; raises HelmError with its message."""
    program = shutil.which("helm", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        raise HelmError("helm is missing: put Helm 3 into the PATH")
    done = subprocess.run([program, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise HelmError(f"{done.stdout}{done.stderr}")
    return done.stdout


class HelmError(Exception):
    """Helm refuses something; the message is its own."""
