"""What Istio's own `istioctl validate` says, which also reads the values inside EnvoyFilters."""

import subprocess
from pathlib import Path
from typing import Final

from adapter.envoy_config.mesh import text_of
from tests.mesh.examples import objects
from tests.rig.istio_programs import istio_program

_EVERY_ENVOY_FILTER: Final = "EnvoyFilter exposes internal implementation details"
"""The beginning of a warning that each EnvoyFilter gets."""


def validate_for_istio(directory: Path) -> list[str]:
    """A line; raises RuntimeError for an error, and for a warning, whose exit code is 0."""
    found = _warnings(text_of(objects("istio")), directory)
    if found:
        raise RuntimeError("istioctl finds fault with what is rendered:\n" + "\n".join(found))
    mistaken = text_of(objects("istio")).replace("validate_mutations", "validate_mutationz")
    if not _warnings(mistaken, directory):
        raise RuntimeError("istioctl does not look into EnvoyFilters any more")
    return [f"istioctl validate accepts {len(objects('istio'))} objects"]


def _warnings(text: str, directory: Path) -> list[str]:
    file = directory / "istio-objects.yaml"
    file.write_text(text)
    command = [str(istio_program("istioctl")), "validate", "-f", str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    lines = f"{done.stdout}\n{done.stderr}".splitlines()
    said = [line.strip() for line in lines if line.strip().startswith("*") or done.returncode]
    return [line for line in said if _EVERY_ENVOY_FILTER not in line]
