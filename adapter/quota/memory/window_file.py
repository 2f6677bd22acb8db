"""The file with the quota windows of a process.

It consists of `MAGIC`, 32 bytes for each window (little-endian: name, end in milliseconds since the
epoch, requests counted), and a BLAKE2b digest of all that. Names are digests, too (`quota.names`),
so the file does not show who was counted.
"""

import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from struct import Struct
from typing import Final, NamedTuple

from adapter.runtime.clock import WallTime
from adapter.runtime.system_errors import system_words

MAGIC: Final = b"envoy-policy-adapter quota windows 1\n"
_ROW: Final = Struct("<16sQQ")
_SUM_BYTES: Final = 32


class WindowRow(NamedTuple):
    """One window as it is stored."""

    name: bytes
    ends_at_ms: int
    """Milliseconds since the epoch."""
    used: int


class WindowsFound(NamedTuple):
    """The windows of a file by name, or the reason why the file could not be used."""

    rows: Mapping[bytes, WindowRow]
    alarm: str | None = None


def encode_rows(rows: Iterable[WindowRow]) -> bytes:
    """The rows as bytes of the file."""
    return b"".join([_ROW.pack(*row) for row in rows])


class WindowFile:
    """Reads and writes the file. Both methods block, so call them in a thread."""

    def __init__(self, path: Path, secret: bytes, max_windows: int) -> None:
        self._path = path
        self._key = hashlib.blake2b(secret).digest()
        self.max_windows = max_windows
        """Most rows that it may have."""

    def read(self, now: WallTime) -> WindowsFound:
        """Read the windows. A damaged or foreign file is renamed, and a missing one has no windows.

        No content of the disk raises an exception.
        """
        try:
            if self._path.stat().st_size > self._largest:
                raise ValueError("it has more windows than quota.max_windows")  # noqa: TRY301
            return WindowsFound(self._decoded(self._path.read_bytes()))
        except FileNotFoundError:
            return WindowsFound({})
        except OSError as e:
            return WindowsFound(
                {}, f"the quota file {self._path} cannot be read: {system_words(e)}"
            )
        except ValueError as e:
            alarm = f"the quota file {self._path} cannot be used: {e}; {self._set_aside(now)}"
            return WindowsFound({}, alarm)

    def write(self, rows: bytes) -> None:
        """Replace the file, as a whole or not at all. Raises OSError."""
        content = MAGIC + rows
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.write(self._sum(content))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise

    @property
    def _largest(self) -> int:
        return len(MAGIC) + _ROW.size * self.max_windows + _SUM_BYTES

    def _sum(self, content: bytes) -> bytes:
        return hashlib.blake2b(content, digest_size=_SUM_BYTES, key=self._key).digest()

    def _decoded(self, content: bytes) -> dict[bytes, WindowRow]:
        body, found = content[:-_SUM_BYTES], content[-_SUM_BYTES:]
        if not body.startswith(MAGIC):
            raise ValueError("it is not a quota file of this version")
        if self._sum(body) != found:
            raise ValueError("it is damaged, or was written with another secret")
        rows = map(WindowRow._make, _ROW.iter_unpack(body[len(MAGIC) :]))
        return {row.name: row for row in rows}

    def _set_aside(self, now: WallTime) -> str:
        aside = self._path.with_name(f"{self._path.name}.rejected-{int(now)}")
        try:
            self._path.replace(aside)
        except OSError as e:
            return f"it cannot be renamed either: {system_words(e)}"
        return f"it was renamed to {aside.name}"
