"""Replaces files in a directory, all or none, for a program that watches the directory."""

import fcntl
import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from adapter.errors import ConfigurationError


def replace_files(
    directory: Path,
    names: Sequence[str],
    mark: str,
    render: Callable[[Mapping[str, str]], Mapping[str, str]],
) -> list[str]:
    """Write the files whose text differs from what is there; return their names.

    `render` gets the texts that are there, and returns the new ones. Each file is moved into place
    as a whole, in the order of `names`, and only after all new files are on the disk. A file that
    does not begin with `mark` was written by somebody else, and is not replaced. Files have mode
    0600, or 0640 if the directory has the setgid bit, which gives them the directory's group.

    Raises ConfigurationError. Then no file was changed, unless the message says something else.
    """
    with _locked(directory):
        before = _present(directory, names, mark)
        texts = render(before)
        changed = [name for name in names if texts[name] != before.get(name)]
        _replace(directory, {name: texts[name] for name in changed})
    return changed


def replace_file(file: Path, text: str, marks: tuple[str, ...]) -> None:
    """Write one file of mode 0600 as a whole. A file that is replaced keeps its owner.

    Raises ConfigurationError, and changes nothing, if the file is there and begins with no mark.
    """
    if file.exists() and not file.is_file():  # such as /dev/stdout
        file.write_text(text)
        return
    target = file.resolve()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        owner = _owner_if_ours(target, marks)
        _write(unfinished, text, 0o600)
        if owner is not None:
            os.chown(unfinished, *owner)
        unfinished.replace(target)
    except OSError as e:
        raise ConfigurationError(f"cannot write {file}: {e.strerror}") from e
    finally:
        with suppress(OSError):
            unfinished.unlink()


def _owner_if_ours(file: Path, marks: tuple[str, ...]) -> tuple[int, int] | None:
    """User and group of the file; None if it is not there."""
    try:
        text = file.read_text(errors="replace")
    except FileNotFoundError:
        return None
    if text and not text.startswith(marks):
        raise ConfigurationError(
            f"{file} was not written by this command; move it away, or choose another file"
        )
    status = file.stat()
    return status.st_uid, status.st_gid


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Create the directory if it is not there, and keep other writers out of it."""
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as e:
        raise ConfigurationError(f"cannot use the directory {directory}: {e.strerror}") from e
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _present(directory: Path, names: Sequence[str], mark: str) -> dict[str, str]:
    texts = {}
    for name in names:
        file = directory / name
        try:
            texts[name] = file.read_text()
        except FileNotFoundError:
            continue
        except OSError as e:
            raise ConfigurationError(f"cannot read {file}: {e.strerror}") from e
        except UnicodeDecodeError:
            texts[name] = ""
        if not texts[name].startswith(mark):
            raise ConfigurationError(
                f"{file} was not written by this command; move it away, or choose another directory"
            )
    return texts


def _replace(directory: Path, texts: Mapping[str, str]) -> None:
    unfinished = {name: directory / f".{name}.{os.getpid()}" for name in texts}
    done: list[str] = []
    try:
        mode = 0o640 if directory.stat().st_mode & stat.S_ISGID else 0o600
        for name, file in unfinished.items():
            _write(file, texts[name], mode)
        for name, file in unfinished.items():
            file.replace(directory / name)
            done.append(name)
    except OSError as e:
        state = f"only {', '.join(done)} were replaced" if done else "no file was changed"
        raise ConfigurationError(f"cannot write to {directory}: {e.strerror}; {state}") from e
    finally:
        for file in unfinished.values():
            with suppress(OSError):
                file.unlink()


def _write(file: Path, text: str, mode: int) -> None:
    with suppress(FileNotFoundError):
        file.unlink()
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w") as stream:
        os.fchmod(descriptor, mode)
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
