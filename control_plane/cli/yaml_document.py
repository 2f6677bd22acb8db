"""Reads and writes YAML as docs/environment-file.md says: JSON values in YAML's form.

A scalar without quotes is what JSON would read, or else text, so `yes`, `0123` and `2024-01-31` are
texts. Anchors, aliases, tags and merge keys are refused: an alias could make a small file large.
The document is built from events and without recursion, so deep nesting can't exhaust the stack.
"""

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from control_plane.cli.file_mistakes import Mistake, MistakenFileError
from control_plane.store.json_values import MAX_DEPTH

_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_MAX_DIGITS: Final = 300
"""Python refuses to read much longer numbers."""
_CONSTANTS: Final = {"": None, "~": None, "null": None, "true": True, "false": False}
_MERGE: Final = "<<"

# Only its parser is used, which makes no objects. The one in C is about ten times as fast.
_LOADER: Final = getattr(yaml, "CLoader", yaml.Loader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class YamlDocument:
    """The value of a document, and the line of each path, such as `apis.0.policies`."""

    value: Any
    lines: dict[str, int]

    def line_of(self, path: str) -> int | None:
        """The line of the path, or of the innermost part of it that is in the document."""
        while path and path not in self.lines:
            path = path.rpartition(".")[0]
        return self.lines.get(path)


def read_yaml(name: str, text: str) -> YamlDocument:
    """The document of the text; raise MistakenFileError, which names the file and the line."""
    reader = _read(name, text, _Reader())
    if not reader.documents:
        raise _mistake(name, "the file is empty", None)
    return YamlDocument(reader.documents[0], reader.lines)


def read_yaml_stream(name: str, text: str) -> list[Any]:
    """All documents of the text; raise MistakenFileError as `read_yaml` does."""
    return _read(name, text, _Reader(may_have_several=True)).documents


def _read(name: str, text: str, reader: "_Reader") -> "_Reader":
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        mark, problem = error.problem_mark or error.context_mark, error.problem or error.context
        line = None if mark is None else mark.line + 1
        raise _mistake(name, f"not YAML: {problem}", line) from None
    except yaml.YAMLError as error:
        raise _mistake(name, f"not YAML: {' '.join(str(error).split())}", None) from None
    except _RefusedError as error:
        raise _mistake(name, str(error), error.line) from None
    return reader


def _mistake(name: str, message: str, line: int | None) -> MistakenFileError:
    return MistakenFileError(name, [Mistake("", message, line)])


class _RefusedError(Exception):
    """The YAML has something that is not for environment files."""

    def __init__(self, message: str, event: Any) -> None:
        super().__init__(message)
        self.line = event.start_mark.line + 1


@dataclass(slots=True)
class _Group:
    """A list or an object that is being read."""

    value: list[Any] | dict[str, Any]
    path: str
    key: str | None = None


@dataclass(slots=True)
class _Reader:
    """Builds values from the events of a parser."""

    may_have_several: bool = False
    documents: list[Any] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    _groups: list[_Group] = field(default_factory=list)

    def take(self, event: Any) -> None:
        """Take the next event."""
        if isinstance(event, yaml.AliasEvent):
            raise _RefusedError("aliases (*name) are not supported; write the value again", event)
        if isinstance(event, yaml.NodeEvent):
            self._node(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._groups.pop()
        elif isinstance(event, yaml.DocumentStartEvent) and self.documents:
            if self.may_have_several:
                return
            raise _RefusedError("a second document begins here; remove it", event)

    def _node(self, event: Any) -> None:
        if event.anchor is not None:
            raise _RefusedError("anchors (&name) are not supported; remove it", event)
        if event.tag is not None:
            raise _RefusedError(f"tags ({event.tag}) are not supported; remove it", event)
        group = self._groups[-1] if self._groups else None
        if group is not None and isinstance(group.value, dict) and group.key is None:
            self._key(group, event)
        elif isinstance(event, yaml.ScalarEvent):
            self._add(group, _scalar(event), event)
        else:
            value: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
            path = self._add(group, value, event)
            self._groups.append(_Group(value, path))
            if len(self._groups) > MAX_DEPTH:
                raise _RefusedError(f"more than {MAX_DEPTH} levels of lists and objects", event)

    def _key(self, group: _Group, event: Any) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            raise _RefusedError("the name of a member must be text", event)
        if event.value == _MERGE and event.implicit[0]:
            raise _RefusedError("merge keys (<<) are not supported; write the members", event)
        if event.value in group.value:
            raise _RefusedError(f"{event.value} occurs twice in one object; remove one", event)
        group.key = event.value

    def _add(self, group: _Group | None, value: Any, event: Any) -> str:
        """Put the value into its group, or make it the document; its path."""
        if group is None:
            self.documents.append(value)
            return ""
        if isinstance(group.value, list):
            key = str(len(group.value))
            group.value.append(value)
        else:
            key, group.key = group.key or "", None
            group.value[key] = value
        path = f"{group.path}.{key}" if group.path else key
        self.lines[path] = event.start_mark.line + 1
        return path


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NUMBER.fullmatch(text) and len(text) <= _MAX_DIGITS:
        return _number(text, event)
    return text


def _number(text: str, event: Any) -> Any:
    number = json.loads(text)
    if number in (math.inf, -math.inf):
        raise _RefusedError(f"the number {text} is too large", event)
    return number


class _Dumper(_DUMPER):  # type: ignore[misc, valid-type]
    """Writes texts that `read_yaml` or another reader would take for something else in quotes."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write everything out."""
        return True


_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"(?:{_NUMBER.pattern})$"), list("-0123456789")
)


def write_yaml(document: Any) -> str:
    """The document as YAML, its members in their order."""
    text: str = yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return text
