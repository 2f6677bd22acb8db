"""The compiled Check path, as `make test` builds it beside the sources."""

import os
import subprocess
import sys
from pathlib import Path

from hatch_build import compiled_modules

ROOT = Path(__file__).parents[2]
COMPILED = ROOT / ".cache" / "compiled"

_TELL_SOURCES = """
import importlib, sys
for name in sys.argv[1:]:
    module = importlib.import_module(name)
    if not module.__file__.endswith(".so"):
        print(name, module.__file__)
"""


def test_every_marked_module_is_an_extension() -> None:
    """No marked module is left interpreted, no other module is compiled, and all of them import."""
    assert COMPILED.exists(), "make test builds it"
    modules = [".".join(module.with_suffix("").parts) for module in compiled_modules(ROOT)]
    assert "adapter.policy.decide" in modules
    assert len(modules) == len(list(COMPILED.glob("adapter/**/*.so")))
    done = subprocess.run(
        [sys.executable, "-c", _TELL_SOURCES, *modules],
        env={**os.environ, "PYTHONSAFEPATH": "1", "PYTHONPATH": str(COMPILED)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stdout + done.stderr
