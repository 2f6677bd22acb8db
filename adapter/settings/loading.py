"""Reads the settings once: a YAML file, overridden by environment variables.

Unknown names, in the file or in the environment, are errors, and all errors are reported at once.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from adapter.errors import ConfigurationError
from adapter.settings.environment import overridden, unknown_variables
from adapter.settings.faults import fault_of, unknown_variable
from adapter.settings.settings import Settings
from adapter.settings.yaml_file import read_yaml_mapping


class Reading(NamedTuple):
    """What was read: the settings, or as much of them as is valid and what is wrong."""

    settings: Settings | None
    """None if there are faults."""
    parts: Mapping[str, Any]
    """The valid groups and other top-level settings by name."""
    faults: tuple[str, ...]
    """A line for each fault."""


def load_settings(path: Path | None) -> Settings:
    """Read file and environment; raises a ConfigurationError that lists every fault."""
    reading = read_settings(path)
    if reading.settings is None:
        raise bad_settings(path, reading.faults)
    return reading.settings


def bad_settings(path: Path | None, faults: tuple[str, ...]) -> ConfigurationError:
    """The error that lists these faults."""
    where = f" in {path} or the environment" if path else " in the environment"
    return ConfigurationError(f"bad settings{where}:\n" + "\n".join(f"  {f}" for f in faults))


def read_settings(path: Path | None) -> Reading:
    """Read file and environment; raises ConfigurationError only if the file cannot be read."""
    read = read_yaml_mapping(path, "settings file", "platform") if path else {}
    content = overridden(read, Settings, os.environ)
    # A group whose settings are all commented out.
    values = {name: value for name, value in content.items() if value is not None}
    values.setdefault("platform", {})  # so that each of its settings that is missing is named
    faults = [unknown_variable(Settings, n) for n in unknown_variables(Settings, os.environ)]
    try:
        settings = Settings.model_validate(values)
    except ValidationError as e:
        found = e.errors(include_url=False)
        faults += [fault_of(Settings, fault) for fault in found]
        return Reading(None, _valid_parts(values, {f["loc"][0] for f in found}), tuple(faults))
    parts = {name: getattr(settings, name) for name in Settings.model_fields}
    return Reading(None if faults else settings, parts, tuple(faults))


def _valid_parts(values: Mapping[str, Any], broken: set[int | str]) -> Mapping[str, Any]:
    """The top-level settings that are valid, although others are not."""
    parts: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if name in broken:
            continue
        group: Any = field.annotation
        if isinstance(group, type) and issubclass(group, BaseModel):
            parts[name] = group.model_validate(values.get(name, {}))
        else:
            parts[name] = TypeAdapter(group).validate_python(values.get(name, field.default))
    return parts
