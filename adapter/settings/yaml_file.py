"""Reads a YAML file that must contain named groups."""

from pathlib import Path
from typing import Any

import yaml

from adapter.errors import ConfigurationError
from adapter.settings.yaml_text import read_yaml_text


def read_yaml_mapping(path: Path, what: str, such_as: str) -> dict[str, Any]:
    """The groups in the file; raises a ConfigurationError that calls the file `what`."""
    try:
        content = read_yaml_text(path.read_text("utf-8"))
    except OSError as e:
        raise ConfigurationError(f"cannot read the {what} {path}: {e.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"cannot read the {what} {path}: it is not UTF-8 text") from None
    except yaml.MarkedYAMLError as e:
        raise ConfigurationError(f"{path} is not YAML{_place(e)}: {e.problem}") from None
    except yaml.YAMLError:
        raise ConfigurationError(f"{path} is not YAML: it contains control characters") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must be a mapping of groups, such as '{such_as}:'")
    return content


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
