"""The API server's own validation, rules in CEL included (kubectl-validate)."""

import re
import shutil
import subprocess
from pathlib import Path

from adapter.envoy_config.mesh import Mesh, text_of
from tests.mesh.examples import MESHES, objects
from tests.rig.go_toolchain import installed
from tests.rig.kubernetes_schemas import crd_files

_COLOURS = re.compile(r"\x1b\[\d+m")


def validate(directory: Path) -> list[str]:
    """A line for each example; raises RuntimeError if an object is refused."""
    validator = installed("sigs.k8s.io/kubectl-validate", "v0.0.4")
    crds = directory / "crds"
    crds.mkdir()
    for file in crd_files():
        shutil.copy(file, crds)
    return [_validated(mesh, validator, crds, directory) for mesh in MESHES]


def _validated(mesh: Mesh, validator: Path, crds: Path, directory: Path) -> str:
    file = directory / f"{mesh}.yaml"
    file.write_text(text_of(objects(mesh)))
    # The newest version whose built-in kinds the program contains.
    command = [str(validator), "--version", "1.30", "--local-crds", str(crds), str(file)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    output = _COLOURS.sub("", f"{done.stdout}{done.stderr}").strip()
    if done.returncode:
        raise RuntimeError(f"kubectl-validate refuses what is rendered for {mesh}:\n{output}")
    return f"kubectl-validate accepts {len(objects(mesh))} objects for {mesh}"
