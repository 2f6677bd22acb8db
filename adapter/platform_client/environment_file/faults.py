"""What is wrong with an environment file."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from adapter.errors import EnvironmentFileError
from adapter.platform_client.environment_file.yaml_values import Group
from adapter.policy.spelling import did_you_mean
from adapter.runtime.validation import plain_words

_MOST_SHOWN: Final = 50


class Faults:
    """Collects faults, so that an operator sees all of them at once. At most fifty are shown."""

    def __init__(self) -> None:
        self._lines: dict[str, None] = {}

    def add(self, place: str, message: str, within: object = None) -> None:
        """Note a fault at a place, such as `apis.0.policies.1`, within that part of the file."""
        line = f"line {within.line}: " if isinstance(within, Group) else ""
        self._lines[f"{line}{place}: {message}"] = None

    def take(self, place: str, within: Any, error: ValidationError, model: type[BaseModel]) -> None:
        """Note all that pydantic found in an entry. No message contains a value."""
        for found in error.errors(include_input=False, include_url=False):
            path = ".".join(filter(None, (place, *map(str, found["loc"]))))
            self.add(path or "the file", _words(found, model), _deepest(within, found["loc"]))

    def raise_any(self) -> None:
        """Raise EnvironmentFileError if there are faults."""
        if self._lines:
            raise EnvironmentFileError(*self._shown())

    def _shown(self) -> Iterator[str]:
        yield from islice(self._lines, _MOST_SHOWN)
        if len(self._lines) > _MOST_SHOWN:
            yield f"and {len(self._lines) - _MOST_SHOWN} more"


def _words(found: Mapping[str, Any], model: type[BaseModel]) -> str:
    if found["type"] == "string_type":
        return "must be text; write it in quotes"
    if found["type"] != "extra_forbidden":
        return plain_words(found)
    names = (field.alias or name for name, field in model.model_fields.items())
    meant = did_you_mean(str(found["loc"][-1]), names)
    return f"unknown member; {meant}" if meant else "unknown member; remove it"


def _deepest(value: Any, location: Iterable[int | str]) -> object:
    """The innermost part on the way to a place that knows its line."""
    found = value
    for name in location:
        try:
            value = value[name]
        except (LookupError, TypeError):
            break
        found = value if isinstance(value, Group) else found
    return found
