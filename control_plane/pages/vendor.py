"""Fetches the scripts of others that the console ships, and checks that they are what we recorded.

The files are committed and are in the wheel, so neither a build nor a start needs npm. To renew or
check them:

    python -m control_plane.pages.vendor          # fetch them again, into static/vendor/
    python -m control_plane.pages.vendor --check  # compare what is committed with the record

`npm pack NAME@VERSION` fetches a package from the registry that npm is set up for.
"""

import base64
import hashlib
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, cast

FOLDER: Final = Path(__file__).parent / "static" / "vendor"


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm at one version, and what we take from it."""

    name: str
    version: str
    integrity: str
    """The SHA-512 of the package, in the form of npm's `dist.integrity`."""
    files: Mapping[str, str]
    """The SHA-256 of each file that we ship, by its path in the package."""

    @property
    def folder(self) -> str:
        """The name of the folder of its files."""
        return f"{self.name.removesuffix('.org')}-{self.version}"


PACKAGES: Final = (
    Package(
        "htmx.org",
        "4.0.1",
        "sha512-oF7JgXhDW9UXCy/k1ZYFUQgzu/rm19ORWPSPNL91vPluB2PB9+MV55tyQdH/w7o2"
        "EAbTYUG5SDW1R60mdkdqGg==",
        {
            "dist/htmx.min.js": "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130",
            "LICENSE": "d3d2456f76414f2456104660ebd65aff1c04cd7966b942bdabd63f3cdb316a38",
        },
    ),
    Package(
        "uplot",
        "1.6.32",
        "sha512-KIMVnG68zvu5XXUbC4LQEPnhwOxBuLyW1AHtpm6IKTXImkbLgkMy+jabjLgSLMas"
        "NuGGzQm/ep3tOkyTxpiQIw==",
        {
            "dist/uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",  # noqa: E501 - a digest
            "dist/uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",  # noqa: E501 - a digest
            "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
        },
    ),
)


def recorded() -> dict[Path, str]:
    """The recorded digests of the files."""
    return {
        FOLDER / package.folder / Path(path).name: digest
        for package in PACKAGES
        for path, digest in package.files.items()
    }


def wrong_files(folder: Path = FOLDER, expected: Mapping[Path, str] | None = None) -> list[str]:
    """What is missing, changed, or not recorded among the committed files."""
    digests = recorded() if expected is None else expected
    present = {path for path in folder.rglob("*") if path.is_file()}
    unknown = [f"{path} is not recorded" for path in sorted(present - digests.keys())]
    return unknown + [
        f"{path} is not what was recorded"
        for path, digest in digests.items()
        if path not in present or _digest(path.read_bytes()) != digest
    ]


def fetch(package: Package, into: Path = FOLDER) -> None:
    """Write the package's files; raise ValueError if the registry gives something else."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"{package.name}@{package.version}"]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
        [archive] = Path(folder).iterdir()
        digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if f"sha512-{digest}" != package.integrity:
            raise ValueError(f"{package.name} {package.version} is not what was recorded")
        target = into / package.folder
        target.mkdir(parents=True, exist_ok=True)
        with tarfile.open(archive) as files:
            for path in package.files:
                # The digest says that these are files, and which ones.
                member = cast(IO[bytes], files.extractfile(f"package/{path}"))
                (target / Path(path).name).write_bytes(member.read())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def main() -> None:
    """Fetch the files, unless they are only to be checked; exit with an error if any is wrong."""
    for package in () if "--check" in sys.argv[1:] else PACKAGES:
        fetch(package)
    if wrong := wrong_files():
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
