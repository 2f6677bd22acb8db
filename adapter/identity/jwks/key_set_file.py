"""Key sets on disk, encrypted, so that a restarted adapter can verify tokens at once."""

import json
from pathlib import Path
from typing import Final, NamedTuple

from adapter.runtime.clock import WallTime
from adapter.runtime.sealed_file import SealedFile

MAGIC: Final = b"envoy-policy-adapter keys 1\n"


class SavedKeySet(NamedTuple):
    """A JWK set as its URL returned it, and when."""

    document: bytes
    fetched_at: WallTime


class KeySetFile:
    """Reads and writes the file. Both block, so call them in a thread."""

    def __init__(self, path: Path, secret: str) -> None:
        self._file = SealedFile(path, secret, MAGIC)

    def read(self) -> dict[str, SavedKeySet]:
        """The key sets by URL. Raises OSError or ValueError if the file cannot be used."""
        try:
            rows = json.loads(self._file.read())
        except FileNotFoundError:
            return {}
        return {url: SavedKeySet(text.encode(), WallTime(at)) for url, (text, at) in rows.items()}

    def write(self, key_sets: dict[str, SavedKeySet]) -> None:
        """Replace the file. Raises OSError."""
        rows = {url: (saved.document.decode(), saved.fetched_at) for url, saved in key_sets.items()}
        self._file.write([json.dumps(rows).encode()])

    def set_aside(self, now: WallTime) -> str:
        """Rename a file that cannot be used; return what was done, for operators."""
        return self._file.set_aside(now)
