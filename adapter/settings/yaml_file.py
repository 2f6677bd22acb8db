"""Reads YAML files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from adapter.errors import ConfigurationError
from adapter.settings.yaml_text import read_yaml_text, read_yaml_texts


def read_yaml_mapping(path: Path, what: str, such_as: str) -> dict[str, Any]:
    """The groups in the file; raises a ConfigurationError that calls the file `what`."""
    with _readable(path, what):
        content = read_yaml_text(path.read_text("utf-8"))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(f"{path} must be a mapping of groups, such as '{such_as}:'")
    return content


def read_yaml_documents(path: Path, what: str) -> list[Any]:
    """All documents in the file; raises a ConfigurationError that calls the file `what`."""
    with _readable(path, what):
        return read_yaml_texts(path.read_text("utf-8"))


def yaml_content(path: Path, text: str) -> Any:
    """The content of the text of this file; raises ConfigurationError if it is not YAML."""
    with _readable(path, "file"):
        return read_yaml_text(text)


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    """Says in our words why a file cannot be read."""
    try:
        yield
    except OSError as e:
        raise ConfigurationError(f"cannot read the {what} {path}: {e.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"cannot read the {what} {path}: it is not UTF-8 text") from None
    except yaml.MarkedYAMLError as e:
        raise ConfigurationError(f"{path} is not YAML{_place(e)}: {e.problem}") from None
    except yaml.YAMLError:
        raise ConfigurationError(f"{path} is not YAML: it contains control characters") from None
    except RecursionError:
        raise ConfigurationError(f"{path} is not usable: it is nested too deeply") from None


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
