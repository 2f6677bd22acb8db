"""The catalog on disk, encrypted, so that a restarted adapter can serve without the platform.

The key comes from the gateway's client secret: those who have it can ask the platform anyway.
"""

import threading
from io import BytesIO
from pathlib import Path
from typing import Final, NamedTuple

from adapter.platform_client.disk.format import StoredCatalog, decode, encode
from adapter.runtime.clock import Clock
from adapter.runtime.fairness import rest_after
from adapter.runtime.sealed_file import SealedFile
from adapter.runtime.system_errors import system_words

MAGIC: Final = b"envoy-policy-adapter catalog 1\n"
_SHARE: Final = 0.1
"""The part of a core that a slow write takes."""


class DiskCopyFound(NamedTuple):
    """What was on disk: a catalog, nothing, or something unusable."""

    catalog: StoredCatalog | None = None
    alarm: str | None = None
    """Why it could not be used."""


class DiskCopy:
    """Reads and writes the file. Both block, so call them in a thread."""

    def __init__(self, path: Path, secret: str, environment: str, clock: Clock) -> None:
        self._file = SealedFile(path, secret, MAGIC)
        self._environment = environment
        self._clock = clock
        self._writing = threading.Lock()
        self._hurry = threading.Event()

    def read(self) -> DiskCopyFound:
        """Return the catalog, if there is a good one. A file that cannot be used is renamed.

        Never raises because of what is on the disk.
        """
        path = self._file.path
        try:
            return DiskCopyFound(self.peek())
        except FileNotFoundError:
            return DiskCopyFound()
        except OSError as e:
            return DiskCopyFound(alarm=f"the disk copy {path} cannot be read: {system_words(e)}")
        except ValueError as e:
            aside = self._file.set_aside(self._clock.now())
            return DiskCopyFound(alarm=f"the disk copy {path} cannot be used: {e}; {aside}")

    def peek(self) -> StoredCatalog:
        """The catalog. Raises OSError or ValueError, and leaves the file where it is."""
        return decode(BytesIO(self._file.read()), self._environment)

    def write(self, catalog: StoredCatalog, *, slowly: bool = False) -> int:
        """Replace the file in one step; return its size in bytes. Raises OSError.

        If `slowly`, it rests after each piece, because encoding keeps the interpreter's lock. The
        next write that is not `slowly` ends these rests.
        """
        if not slowly:
            self._hurry.set()
        with self._writing:
            if slowly:
                self._hurry.clear()
            return self._file.write(encode(catalog, self._environment), self._rest)

    def _rest(self, worked_s: float) -> None:
        self._hurry.wait(rest_after(worked_s, _SHARE))
