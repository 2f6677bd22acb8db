"""The file that holds the bindings instead of the settings: `requests.bindings_file`.

It contains the same rows as `requests.bindings`, and nothing else:

    - {api_id: 18912, route_name: orders}
    - {api_id: 18913, authority: pay.example.com, path_prefix: /v2}

A file without a row is more likely a mistake than an adapter without bindings, which is `[]`.
"""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from adapter.errors import BindingsFileError, ConfigurationError
from adapter.runtime.bounded_reading import read_file
from adapter.settings.faults import fault_of
from adapter.settings.groups.requests import BindingSettings, RequestSettings
from adapter.settings.yaml_file import yaml_content

MOST_BYTES: Final = 16 * 1024 * 1024


def bindings_of(requests: RequestSettings) -> tuple[BindingSettings, ...]:
    """The bindings in the settings, or in their file as it is now.

    Raises BindingsFileError, whose faults begin with the name of the setting.
    """
    if requests.bindings_file is None:
        return requests.bindings
    try:
        return read_bindings(requests.bindings_file)
    except BindingsFileError as e:
        faults = (f"requests.bindings_file: {fault}" for fault in e.faults)
        raise BindingsFileError(*faults) from None


def read_bindings(path: Path) -> tuple[BindingSettings, ...]:
    """The bindings in this file; raises a BindingsFileError that lists every fault."""
    try:
        rows = yaml_content(path, read_file(path, MOST_BYTES))
    except (ValueError, ConfigurationError) as e:
        raise BindingsFileError(str(e)) from None
    if rows is None:
        raise BindingsFileError(f"{path} is empty; write [] if there are no bindings")
    if not isinstance(rows, list):
        raise BindingsFileError(
            f"{path} must be a list of bindings, such as '- {{api_id: 17, route_name: orders}}'"
        )
    try:
        return RequestSettings.model_validate({"bindings": rows}).bindings
    except ValidationError as e:
        found = e.errors(include_url=False)
        faults = [fault_of(RequestSettings, fault) for fault in found]
        raise BindingsFileError(*(f"{path}: {fault}" for fault in faults)) from None
