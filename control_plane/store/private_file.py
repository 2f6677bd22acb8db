"""New files that only their owner can read, and that appear whole or not at all."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def new_private_file(path: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Give an empty file of mode 0600 to fill; at the end it gets the name `path`.

    Raise FileExistsError if `path` is there, before or after, and `overwrite` is false. If the
    block fails, nothing has changed.
    """
    if not overwrite and os.path.lexists(path):
        raise _exists(path)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    try:
        yield draft
        _to_disk(draft)
        if overwrite:
            draft.replace(path)
        else:
            _link(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def require_free(*paths: Path) -> None:
    """Raise OSError if one of these files is there, or can't be made because of its directory.

    For a command that writes several files, so that it fails before it writes the first one.
    """
    for path in paths:
        if os.path.lexists(path):
            raise _exists(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(f"{path}: there is no directory {path.parent}; create it first")


def _link(draft: Path, path: Path) -> None:
    """Unlike a rename, this fails if there is a file by now."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise _exists(path) from None


def _exists(path: Path) -> FileExistsError:
    return FileExistsError(f"{path} exists already; remove it or name another file")


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
