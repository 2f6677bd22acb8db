"""Tells whether a file has changed, without reading it."""

from pathlib import Path
from typing import TypeAlias

Signature: TypeAlias = tuple[int, ...] | None
"""None: there is no such file, or it is in a directory that may not be entered."""


def signature_of(path: Path) -> Signature:
    """Identity, size and times of a file.

    Links are followed. So the file of a ConfigMap, which Kubernetes replaces by changing a link to
    its directory, has another signature then.
    """
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
