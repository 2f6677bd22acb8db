"""The compiled Check path, as `make test` builds it beside the sources."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / ".cache" / "compiled"

_TELL_SOURCES = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module("adapter." + name.replace("/", "."))
    if not module.__file__.endswith(".so"):
        print(name, module.__file__)
"""


def test_every_listed_module_is_an_extension() -> None:
    """Nothing that the build promises to compile is left interpreted, and all of it imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    modules = project["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]["modules"]
    assert COMPILED.exists(), "make test builds it"
    done = subprocess.run(
        [sys.executable, "-c", _TELL_SOURCES, *modules],
        env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(COMPILED)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stdout + done.stderr
