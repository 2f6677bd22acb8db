"""`make mesh`: prints what programs of the meshes say about the rendered objects."""

import sys
import tempfile
from pathlib import Path

from tests.mesh.translation import translate
from tests.mesh.validation import validate


def main() -> int:
    """Run both; the exit code is 1 if one of them refuses an object."""
    with tempfile.TemporaryDirectory() as directory:
        try:
            for step in (validate, translate):
                for line in step(Path(directory)):
                    print(line)
        except RuntimeError as e:
            print(e)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
