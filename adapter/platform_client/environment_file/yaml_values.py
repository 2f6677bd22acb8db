"""Reads the YAML of an environment file into JSON values.

A plain scalar is a number, true, false or null only if JSON would read it so. YAML itself would
read the version `1.10` as a number too, but `no` as false, `0123` as 83 and `2024-01-31` as a date.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml

from adapter.errors import DocumentError
from adapter.platform_client.environment_file.pace import Pace

MOST_NODES: Final = 5_000_000
_DEEPEST: Final = 80
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_JSON: Final = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_MOST_DIGITS: Final = 300


class Group(dict[str, Any]):
    """A YAML mapping, which knows its line in the file."""

    __slots__ = ("line",)

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def read_values(text: str, resolved: Callable[[str, int], str], pace: Pace) -> Any:
    """The content of a YAML text; `resolved` gets each text with its line, and may replace it.

    Raises DocumentError, without any content of the text, which may be secret.
    """
    try:
        return _Reader(text, resolved, pace).document()
    except yaml.MarkedYAMLError as e:
        line = f"line {e.problem_mark.line + 1}: " if e.problem_mark else ""
        raise DocumentError(f"{line}it is not YAML: {e.problem}") from None
    except yaml.YAMLError:
        raise DocumentError("it is not YAML: it contains control characters") from None


class _Reader:
    """Builds the values while the events of the YAML parser come, so that no tree is kept."""

    def __init__(self, text: str, resolved: Callable[[str, int], str], pace: Pace) -> None:
        self._pace = pace
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._resolved = resolved
        self._nodes = 0

    def document(self) -> Any:
        """The value of the only document; None if there is none."""
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), 0)
        next(self._events)  # the end of the document
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise _refused(after, "a second document begins; write one document")
        return value

    def _value(self, event: Any, depth: int) -> Any:
        self._nodes += 1
        self._pace.step()
        if self._nodes > MOST_NODES or depth > _DEEPEST:
            raise _refused(event, "the file has too many or too deeply nested values")
        _check_plain(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._group(event, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(inner := next(self._events), yaml.SequenceEndEvent):
                items.append(self._value(inner, depth + 1))
            return items
        return self._scalar(event)

    def _group(self, start: Any, depth: int) -> Group:
        group = Group(_line(start))
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            _check_plain(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _refused(event, "the name of a member must be a text")
            if event.value in group:
                raise _refused(event, f"{event.value[:64]!r} occurs twice in one group")
            if event.value == "<<" and not event.style:
                raise _refused(event, "merge keys are not supported; repeat the members")
            group[event.value] = self._value(next(self._events), depth + 1)
        return group

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.style:
            return self._resolved(text, _line(event))
        if text in ("", "~"):
            return None
        if _JSON.fullmatch(text) and len(text) <= _MOST_DIGITS:
            return _number(event, text)
        return self._resolved(text, _line(event))


def _number(event: Any, text: str) -> Any:
    value = json.loads(text)
    if isinstance(value, float) and math.isinf(value):
        raise _refused(event, "the number is too large")
    return value


def _check_plain(event: Any) -> None:
    """Refuse what makes YAML more than JSON: aliases can make a short file very large."""
    if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
        raise _refused(event, "anchors and aliases are not supported; repeat the value")
    if event.tag is not None:
        raise _refused(event, "tags are not supported; remove it")


def _refused(event: Any, why: str) -> DocumentError:
    return DocumentError(f"line {_line(event)}: {why}")


def _line(event: Any) -> int:
    line: int = event.start_mark.line + 1
    return line
