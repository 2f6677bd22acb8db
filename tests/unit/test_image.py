"""The lock files of the image, and the bill of materials that is made from them."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_build import CompilingHook
from image.sbom import Package, bill, packages

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCKS = {name: (ROOT / "image" / name).read_text() for name in ("requirements.lock", "build.lock")}


def wanted(lock: str) -> list[Requirement]:
    """What the project asks for directly, with all extras."""
    if lock == "build.lock":
        lines = (ROOT / "image" / "build.in").read_text().splitlines()
        return [Requirement(line) for line in lines if not line.startswith("#")]
    project = PROJECT["project"]
    every = (project["dependencies"], *project["optional-dependencies"].values())
    return [Requirement(line) for lines in every for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_by_hash(lock: str) -> None:
    """In a version that the project allows."""
    locked = {package.name: package for package in packages(LOCKS[lock])}
    assert len(locked) == LOCKS[lock].count("==")
    assert all(package.hashes for package in locked.values())
    for requirement in wanted(lock):
        package = locked[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(package.version), requirement


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_index(lock: str) -> None:
    """Each builder has its own, and a URL would go around it."""
    assert not re.search(r"://|index|find-links| @ ", LOCKS[lock])


def test_the_build_tools_are_those_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """`image/build.in` repeats them, because pip can't lock what a build asks for."""
    monkeypatch.setenv("POLICY_ADAPTER_COMPILE", "1")
    asked = CompilingHook.dependencies(CompilingHook.__new__(CompilingHook))
    expected = {*PROJECT["build-system"]["requires"], *asked}
    assert {str(each) for each in wanted("build.lock")} == {str(Requirement(e)) for e in expected}


def test_the_image_is_built_from_the_lock_files_only() -> None:
    """Every package that pip installs has a hash, or is the wheel that was just built."""
    installing = [line for line in DOCKERFILE.splitlines() if "pip install" in line]
    assert len(installing) == 3
    for line in installing:
        assert "--require-hashes" in line or "--no-deps --no-index" in line
    assert all(f"image/{lock}" in DOCKERFILE for lock in LOCKS)


def test_the_bill_of_materials_names_every_package() -> None:
    """With what scanners look for: name, version, package URL, hashes. It is the same each time."""
    lock = LOCKS["requirements.lock"]
    made = bill(lock, "program", "1.0")
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["bom-ref"] == "pkg:generic/program@1.0"
    components = made["components"]
    assert len({each["bom-ref"] for each in components}) == len(list(packages(lock)))
    [cryptography] = [each for each in components if each["name"] == "cryptography"]
    assert cryptography["purl"] == f"pkg:pypi/cryptography@{cryptography['version']}"
    assert {each["alg"] for each in cryptography["hashes"]} == {"SHA-256"}
    assert bill(lock, "program", "1.0") == made


def test_markers_are_no_part_of_a_version() -> None:
    """A lock file may have an entry for one platform only."""
    digest = "0" * 64
    lock = f"a-b==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{digest}\nc==2\n"
    assert list(packages(lock)) == [Package("a-b", "1.0", (digest,)), Package("c", "2", ())]
