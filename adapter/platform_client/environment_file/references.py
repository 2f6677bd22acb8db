"""Replaces references in texts: `${NAME}` by an environment variable, `${file:PATH}` by a file."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from adapter.platform_client.environment_file.signature import Signature, signature_of
from adapter.runtime.system_errors import system_words

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{([^{}]*)\}")
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
        self.contents: dict[Path, str] = {}
        """What each file contained."""
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

    def _value(self, reference: str) -> str:
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
        if path not in self.contents:
            self.seen[path] = signature_of(path)
            self.contents[path] = _read(path)
        return self.contents[path]


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_FILE_BYTES + 1)
        text = content.decode()
    except OSError as e:
        raise ValueError(f"cannot read the file {path}: {system_words(e)}") from None
    except UnicodeDecodeError:
        raise ValueError(f"the file {path} is not UTF-8 text") from None
    if len(content) > MOST_FILE_BYTES:
        raise ValueError(f"the file {path} is longer than {MOST_FILE_BYTES >> 10} KiB")
    return text.rstrip("\r\n")
