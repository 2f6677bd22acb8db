"""References in an environment file: `${NAME}` and `${file:PATH}` (docs/environment-file.md)."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from control_plane.cli.file_mistakes import Mistake

_REFERENCE: Final = re.compile(r"\$\$\{|\$\{(?P<name>[^}]*)\}?")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WHOLE: Final = re.compile(r"\$\{[^}]+\}")
_FILE: Final = "file:"
_MAX_FILE: Final = 64 << 10
_ONLY_REFERENCE: Final = re.compile(r"applications\.\d+\.clientSecret")
"""Paths of texts that must be a reference and nothing else."""


def escaped(value: Any) -> Any:
    """The value with `$${` in place of each `${`, so that reading it gives the value again."""
    return _mapped(value, lambda text, _: text.replace("${", "$${"))


@dataclass(slots=True)
class References:
    """Replaces the references of a document."""

    directory: Path
    """Where relative paths begin: that of the file."""
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)
    mistakes: list[Mistake] = field(default_factory=list)
    """What could not be replaced."""

    def replaced(self, document: Any) -> Any:
        """The document without references. Look at `mistakes` afterwards."""
        return _mapped(document, self._text)

    def _text(self, text: str, path: str) -> str:
        if _ONLY_REFERENCE.fullmatch(path) and not _WHOLE.fullmatch(text):
            message = "must be a reference, such as ${SHOP_SECRET} or ${file:/run/secrets/shop}"
            self.mistakes.append(Mistake(path, message))
            return text

        def value(found: re.Match[str]) -> str:
            name = found["name"]
            if name is None:
                return "${"
            try:
                return self._value(found[0], name)
            except ValueError as error:
                self.mistakes.append(Mistake(path, str(error)))
                return ""

        return _REFERENCE.sub(value, text)

    def _value(self, reference: str, name: str) -> str:
        if not reference.endswith("}"):
            raise ValueError("a reference has no end; write ${NAME}, or $${ for the text ${")
        if name.startswith(_FILE):
            return self._content(self.directory / name.removeprefix(_FILE))
        if not _VARIABLE.fullmatch(name):
            raise ValueError(f"{reference} is not a reference; write $${{ for the text ${{")
        if name not in self.environment:
            raise ValueError(f"the environment variable {name} is not set")
        value = self.environment[name]
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"the environment variable {name} is not UTF-8") from error
        return value

    def _content(self, file: Path) -> str:
        try:
            with file.open("rb") as opened:
                content = opened.read(_MAX_FILE + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ValueError(f"{file} can't be read: {reason}") from error
        if len(content) > _MAX_FILE:
            raise ValueError(f"{file} is over {_MAX_FILE >> 10} KiB")
        try:
            return content.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise ValueError(f"{file} is not UTF-8") from error


def _mapped(value: Any, change: Callable[[str, str], str], path: str = "") -> Any:
    """The value with all texts changed but the names of members. Its depth must be bounded."""
    begin = f"{path}." if path else ""
    if isinstance(value, dict):
        return {name: _mapped(each, change, f"{begin}{name}") for name, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, change, f"{begin}{place}") for place, each in enumerate(value)]
    return change(value, path) if isinstance(value, str) else value
