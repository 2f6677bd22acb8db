"""The version of the program. Its only source is `pyproject.toml`, by way of the installed package.

Every kind of installation brings the package's metadata with it. Sources that run without any
installation have none: their version is `unknown`.
"""

from functools import cache
from importlib import metadata
from typing import Final

_PACKAGE: Final = "envoy-policy-adapter"


@cache
def program_version(package: str = _PACKAGE) -> str:
    """The version of the installed package, such as `0.1.0`."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "unknown"
