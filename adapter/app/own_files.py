"""The files that belong to this process alone, and their locks."""

from contextlib import ExitStack
from pathlib import Path

from adapter.errors import ConfigurationError
from adapter.runtime.file_lock import FileInUseError, FileLock
from adapter.runtime.system_errors import system_words
from adapter.settings import Settings


class OwnFiles:
    """Locks the disk copy, the quota file and the spool, so that no other process has them."""

    def __init__(self, settings: Settings) -> None:
        self._locks = [(named, path, FileLock(lock)) for named, path, lock in _files(settings)]
        self._held = ExitStack()

    def acquire(self) -> None:
        """Lock all of them, or none; raises ConfigurationError."""
        try:
            for named, path, lock in self._locks:
                self._acquire(named, path, lock)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Unlock all of them, after their last write."""
        self._held.close()

    def _acquire(self, named: str, path: Path, lock: FileLock) -> None:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock.acquire()
        except FileInUseError as e:
            raise ConfigurationError(
                f"{named}: {path} is in use by {e}; give each process its own"
            ) from None
        except OSError as e:
            raise ConfigurationError(f"{named}: {path} cannot be used: {system_words(e)}") from None
        self._held.callback(lock.release)


def _files(settings: Settings) -> list[tuple[str, Path, Path]]:
    """The setting that names each file, the file, and its lock file."""
    files = []
    if (directory := settings.disk_directory) is not None:
        named = "disk_copy.directory" if settings.disk_copy.directory else "state_directory"
        files.append((named, directory / "catalog"))
    if (quota_file := settings.quota_file) is not None:
        files.append(("quota.file" if settings.quota.file else "state_directory", quota_file))
    if (spool_file := settings.spool_file) is not None:
        files.append(("state_directory", spool_file))
    return [(named, path, path.with_name(f".{path.name}.lock")) for named, path in files]
