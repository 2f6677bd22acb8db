"""Programs from Debian's packages, installed when a test first needs them."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.rig.cache import CACHE, filling_cache

_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def installed_program(program: str, package: str, *preseeded: str) -> str:
    """The program's path; `preseeded` are lines for debconf, which say how to install it.

    Raises RuntimeError with the command to type, if the package cannot be installed from here.
    """
    found = shutil.which(program, path=_PATH)
    if found is None:
        install_package(package, *preseeded)
        found = shutil.which(program, path=_PATH)
    if found is None:
        raise RuntimeError(f"the package {package} has no program {program}")
    return found


def install_package(package: str, *preseeded: str) -> None:
    """Install it; raise RuntimeError with the command to type if that fails."""
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    apt = [*sudo, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = [*apt, "install", "--yes", "--no-install-recommends", package]
    if preseeded:
        _run([*sudo, "debconf-set-selections"], package, "\n".join(preseeded))
    try:
        _run(install, package)
    except RuntimeError:
        _run([*apt, "update"], package)
        _run(install, package)


def _run(command: list[str], package: str, given: str = "", directory: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, input=given, cwd=directory
        )
    except FileNotFoundError as e:
        done = subprocess.CompletedProcess(command, 127, "", str(e))
    if done.returncode:
        raise RuntimeError(
            f"the tests need the package {package}, and could not install it:\n{done.stderr}\n"
            f"Install it by hand: sudo apt-get install {package}"
        )


def unpacked_program(path: str, package: str) -> Path:
    """The program at this path of the package, which is unpacked into the cache, not installed.

    So no service of it is started.
    """
    directory = CACHE / package
    with filling_cache():
        if not (directory / path).exists():
            directory.mkdir(exist_ok=True)
            download = ["apt-get", "download", package]
            try:
                _run(download, package, directory=directory)
            except RuntimeError:
                _run(["apt-get", "update"], package)
                _run(download, package, directory=directory)
            (archive,) = directory.glob("*.deb")
            _run(["dpkg", "-x", str(archive), str(directory)], package)
            archive.unlink()
    return directory / path
