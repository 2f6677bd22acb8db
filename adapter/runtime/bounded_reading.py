"""Reads a small file without ever waiting for somebody who writes it."""

import os
import stat
from pathlib import Path

from adapter.runtime.system_errors import system_words


def read_file(path: Path, most_bytes: int) -> str:
    """The text of a file. Raises ValueError with the reason, if it is too long or no text."""
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ValueError(f"{path} is not a regular file")
            octets = file.read(most_bytes + 1)
    except OSError as e:
        raise ValueError(f"cannot read {path}: {system_words(e)}") from None
    if len(octets) > most_bytes:
        raise ValueError(f"{path} is longer than {_size(most_bytes)}")
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8 text") from None


def _size(octets: int) -> str:
    return f"{octets >> 20} MiB" if octets >> 20 else f"{octets >> 10} KiB"
