"""Replaces references in texts: `${NAME}` by an environment variable, `${file:PATH}` by a file."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapter.runtime.bounded_reading import read_file
from adapter.runtime.file_signature import Signature, signature_of

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^}]*\}?)")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_FILE: Final = "file:"
MOST_FILE_BYTES: Final = 64 * 1024


class Referenced(str):
    """A text that was one reference and nothing else."""

    __slots__ = ()


class References:
    """Looks up references. A relative path begins in the directory of the environment file."""

    def __init__(self, variables: Mapping[str, str], directory: Path) -> None:
        self._variables = variables
        self._directory = directory
        self._contents: dict[Path, str] = {}
        self.seen: dict[Path, Signature] = {}
        """The files that were named, also those that cannot be read, just before the reading."""

    def resolved(self, text: str) -> str:
        """The text with the values of its references.

        Raises ValueError, which names the reference and never contains its value.
        """
        if "${" not in text:
            return text
        whole = _REFERENCE.fullmatch(text)
        if whole is not None and whole[1] is not None:
            return Referenced(self._value(whole[1]))
        return _REFERENCE.sub(self._replacement, text)

    def _replacement(self, found: re.Match[str]) -> str:
        return "${" if found[1] is None else self._value(found[1])

    def _value(self, rest: str) -> str:
        if not rest.endswith("}"):
            raise ValueError("a reference has no end; write ${NAME}, or $${ for a literal ${")
        reference = rest.removesuffix("}")
        if reference.startswith(_FILE):
            return self.content(self._directory / reference.removeprefix(_FILE))
        if not _NAME.fullmatch(reference):
            raise ValueError(
                "a reference is neither ${NAME} nor ${file:PATH}; for a literal ${ write $${"
            )
        if reference not in self._variables:
            raise ValueError(f"the environment variable {reference} is not set")
        return self._variables[reference]

    def content(self, path: Path) -> str:
        """The content of a file, without the line ends at its end; raises ValueError."""
        if path not in self._contents:
            self.seen[path] = signature_of(path)
            self._contents[path] = read_file(path, MOST_FILE_BYTES).rstrip("\r\n")
        return self._contents[path]

    def digests(self) -> Mapping[Path, bytes]:
        """A digest of each file that was read; the contents themselves are secrets."""
        return {path: digest_of(text) for path, text in self._contents.items()}


def digest_of(text: str) -> bytes:
    """SHA-256 of a text."""
    return hashlib.sha256(text.encode()).digest()
