"""Generate adapter/messages/ from the .proto files in this folder: `make protos`.

The files are compiled under the names of the generated modules (`adapter/messages/x.proto`). So
imports among them work, and their names differ from those of other packages in the process.
"""

import sys
from importlib.resources import files
from pathlib import Path

from grpc_tools import protoc

PROTOS = Path(__file__).parent
PACKAGE = "adapter/messages"


def generate(root: Path) -> None:
    """Write the modules and their type stubs below `root`; exits if a file does not compile."""
    names = sorted(path.name for path in PROTOS.glob("*.proto"))
    status = protoc.main(
        [
            "protoc",
            f"-I{PACKAGE}={PROTOS}",
            f"-I{files('grpc_tools') / '_proto'}",
            f"--python_out={root}",
            f"--pyi_out={root}",
            *(f"{PACKAGE}/{name}" for name in names),
        ]
    )
    if status:
        sys.exit(status)


if __name__ == "__main__":
    generate(PROTOS.parent)
