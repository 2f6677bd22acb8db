"""Istio's own programs, built from its git repository, because no module proxy serves its tags.

`ISTIO_REPOSITORY` is the address of a repository that has the tag, for machines that don't reach
the public one. The build takes about six minutes on two cores.
"""

import os
from pathlib import Path
from typing import Final, Literal, TypeAlias

from tests.rig.cache import CACHE
from tests.rig.go_toolchain import built_from_git

Program: TypeAlias = Literal["pilot-discovery", "istioctl"]

VERSION: Final = "1.29.6"
_PUBLIC: Final = "https://github.com/istio/istio.git"
_PACKAGES: Final = {
    "pilot-discovery": "./pilot/cmd/pilot-discovery",
    "istioctl": "./istioctl/cmd/istioctl",
}
# The tag's go.mod names versions of these that no proxy serves.
_REQUIREMENTS: Final = (f"istio.io/api@v{VERSION}", f"istio.io/client-go@v{VERSION}")


def istio_program(name: Program) -> Path:
    """The program; raises RuntimeError if it can't be built."""
    directory = CACHE / f"istio-{VERSION}"
    if not (directory / name).exists():
        repository = os.environ.get("ISTIO_REPOSITORY", _PUBLIC)
        try:
            built_from_git(repository, VERSION, _PACKAGES, _REQUIREMENTS, directory)
        except RuntimeError as e:
            hint = f"set ISTIO_REPOSITORY to a git repository with the tag {VERSION}"
            raise RuntimeError(f"{e}\n{hint}") from None
    return directory / name
