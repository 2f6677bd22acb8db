"""The environment file on disk: whether it has changed, and what it says."""

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
from adapter.platform_client.environment_file.pace import Pace
from adapter.platform_client.environment_file.reading import Reading
from adapter.platform_client.environment_file.references import Referenced, References, digest_of
from adapter.platform_client.environment_file.yaml_values import read_values
from adapter.runtime.bounded_reading import read_file
from adapter.runtime.file_signature import Signature, signature_of

MOST_BYTES: Final = 64 * 1024 * 1024
_SHARE: Final = 0.5
"""Of the time that a reading works while Checks are answered."""


class EnvironmentFile:
    """Reads an environment file. All methods block, so call them in a thread, one at a time."""

    def __init__(self, path: Path, rules: ReadingRules) -> None:
        self.path: Final = path
        self._rules = rules
        self._seen: dict[Path, Signature] = {path: None}
        """What the file and the files of its references were when they were last read."""
        self._digest = b""
        """Of the file at the last good reading."""
        self._others: Mapping[Path, bytes] = {}
        """Digests of the files of its references at the last good reading."""
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
        try:
            text = read_file(self.path, MOST_BYTES)
        except ValueError as e:
            raise EnvironmentFileError(str(e)) from None
        if digest_of(text) == self._digest and self._are_as_before(references):
            return
        self.content = self._content(text, references)
        self._digest, self._others = digest_of(text), references.digests()

    def _are_as_before(self, references: References) -> bool:
        """Whether the files of the references contain what they did at the last good reading."""
        try:
            found = {path: digest_of(references.content(path)) for path in self._others}
        except ValueError:
            return False
        return found == self._others

    def _content(self, text: str, references: References) -> FileContent:
        # Nobody waits for the first reading of a start but the start itself.
        pace = Pace(_SHARE if self._digest else 1)
        reading = Reading(self._rules.salt, pace)

        def resolved(scalar: str, line: int) -> str:
            try:
                return references.resolved(scalar)
            except ValueError as e:
                reading.faults.add(f"line {line}", str(e))
                return Referenced(scalar)

        try:
            values = read_values(text, resolved, pace)
        except DocumentError as e:
            raise EnvironmentFileError(str(e)) from None
        content = ContentReader(self._rules, self.content, reading).read(values)
        reading.faults.raise_any()
        return content
