"""Writes a software bill of materials (CycloneDX 1.6, JSON) for a lock file.

`python image/sbom.py image/requirements.lock` prints it. It names each package with its version and
the hashes of its files, as pip checks them. The same lock file gives the same document, so no time
is in it. Python itself and the packages of the base image are not in it.
"""

import json
import re
import sys
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"
_PINNED = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Package(NamedTuple):
    """One entry of a lock file."""

    name: str
    version: str
    hashes: tuple[str, ...]
    """SHA-256 of each file that may be installed, one for each platform."""


def packages(lock: str) -> Iterator[Package]:
    """The entries of a lock file."""
    for name, version, rest in _PINNED.findall(lock):
        yield Package(name, version, tuple(_HASH.findall(rest)))


def bill(lock: str, name: str, version: str) -> dict[str, Any]:
    """The document for a program of this name and version."""
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, lock)}",
        "version": 1,
        "metadata": {"component": _component("application", "generic", name, version)},
        "components": [_library(package) for package in packages(lock)],
    }


def _library(package: Package) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": digest} for digest in package.hashes]
    return _component("library", "pypi", package.name, package.version) | {"hashes": hashes}


def _component(kind: str, source: str, name: str, version: str) -> dict[str, Any]:
    purl = f"pkg:{source}/{name}@{version}"
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    project = tomllib.loads(_PROJECT.read_text())["project"]
    lock = Path(sys.argv[1]).read_text()
    print(json.dumps(bill(lock, project["name"], project["version"]), indent=2))
