"""`make mesh`: prints what programs of the meshes say about the rendered objects."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mesh.controller import hold_controller
from tests.mesh.istio_validation import validate_for_istio
from tests.mesh.running.envoy_gateway import program
from tests.mesh.translation import translate
from tests.mesh.validation import validate
from tests.rig.istio_programs import istio_program
from tests.rig.own_network import in_own_network


def main() -> int:
    """Run all; the exit code is 1 if one of them refuses an object or answers wrongly."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            for step in (validate, validate_for_istio, translate, hold_controller):
                for line in step(Path(directory)):
                    print(line, flush=True)
            # Built here, because nothing can be downloaded in a network of its own.
            program()
            istio_program("pilot-discovery")
        except RuntimeError as e:
            print(e)
            return 1
    command = in_own_network([sys.executable, "-m", "tests.mesh.running"])
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
