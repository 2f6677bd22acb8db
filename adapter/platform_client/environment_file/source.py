"""The environment file on disk: whether it has changed, and what it says."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapter.errors import DocumentError, EnvironmentFileError
from adapter.platform_client.environment_file.content import (
    ContentReader,
    FileContent,
    ReadingRules,
)
from adapter.platform_client.environment_file.faults import Faults
from adapter.platform_client.environment_file.references import Referenced, References
from adapter.platform_client.environment_file.signature import Signature, signature_of
from adapter.platform_client.environment_file.yaml_values import read_values
from adapter.runtime.system_errors import system_words

MOST_BYTES: Final = 64 * 1024 * 1024


class EnvironmentFile:
    """Reads an environment file. All methods block, so call them in a thread, one at a time."""

    def __init__(self, path: Path, rules: ReadingRules) -> None:
        self.path: Final = path
        self._rules = rules
        self._seen: dict[Path, Signature] = {path: None}
        """What the file and the files of its references were when they were last read."""
        self._contents: Mapping[Path, str] = {}
        """What the files of its references contained at the last good reading."""
        self._digest = b""
        self.content = FileContent((), {}, {})
        """What the last good reading brought."""

    def signatures(self) -> dict[Path, Signature]:
        """What the file and the files of its references are now."""
        return {path: signature_of(path) for path in self._seen}

    def has_changed(self) -> bool:
        """Whether one of these files is not as it was when it was last read."""
        return self.signatures() != self._seen

    def read(self) -> None:
        """Read it, unless it is the same as at the last good reading.

        Raises EnvironmentFileError, with everything that is wrong. The last good reading stays.
        """
        references = References(os.environ, self.path.parent)
        self._seen = references.seen
        references.seen[self.path] = signature_of(self.path)
        octets = self._octets()
        digest = hashlib.sha256(octets).digest()
        if digest == self._digest and self._are_as_before(references):
            return
        self.content = self._content(octets, references)
        self._digest, self._contents = digest, references.contents

    def _are_as_before(self, references: References) -> bool:
        """Whether the files of the references contain what they did at the last good reading."""
        try:
            return all(references.content(f) == text for f, text in self._contents.items())
        except ValueError:
            return False

    def _octets(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                octets = file.read(MOST_BYTES + 1)
        except OSError as e:
            raise EnvironmentFileError(f"cannot read {self.path}: {system_words(e)}") from None
        if len(octets) > MOST_BYTES:
            raise EnvironmentFileError(f"{self.path} is longer than {MOST_BYTES >> 20} MiB")
        return octets

    def _content(self, octets: bytes, references: References) -> FileContent:
        faults = Faults()

        def resolved(text: str, line: int) -> str:
            try:
                return references.resolved(text)
            except ValueError as e:
                faults.add(f"line {line}", str(e))
                return Referenced(text)

        try:
            values = read_values(octets.decode("utf-8-sig"), resolved)
        except UnicodeDecodeError:
            raise EnvironmentFileError(f"{self.path} is not UTF-8 text") from None
        except DocumentError as e:
            raise EnvironmentFileError(str(e)) from None
        content = ContentReader(self._rules, self.content, faults).read(values)
        faults.raise_any()
        return content
