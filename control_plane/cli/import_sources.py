"""Reads the files of a source for `policy-control-plane import`."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from control_plane.cli.common import checked_url
from control_plane.cli.login import credentials_in
from control_plane.cli.text_file import read_text
from control_plane.cli.yaml_document import read_yaml_stream
from control_plane.errors import ControlPlaneError
from control_plane.imports import anypoint, apigee, flex_yaml, sdk_inventory
from control_plane.imports.anypoint_client import ConnectedApp, anypoint_client
from control_plane.imports.source import Source

_ANYPOINT: Final = "https://anypoint.mulesoft.com"
_MAX_BYTES: Final = 256 << 20
_YAML: Final = frozenset({".yaml", ".yml"})


class Origin(StrEnum):
    """What can be imported from."""

    ANYPOINT = "anypoint"
    FLEX_YAML = "flex-yaml"
    APIGEE = "apigee"
    SDK_INVENTORY = "sdk-inventory"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the source is, as the options say."""

    paths: Sequence[Path] = ()
    environment: str | None = None
    url: str | None = None
    credentials_file: Path | None = None
    organization: str | None = None


def read_source(origin: Origin, place: Place) -> Source:
    """The environment of the source; raise ControlPlaneError if it can't be read."""
    return _READERS[origin](place)


def _anypoint(place: Place) -> Source:
    if place.paths:
        raise ControlPlaneError("--from anypoint reads no files; remove the arguments")
    if place.environment is None or place.credentials_file is None:
        raise ControlPlaneError(
            "--from anypoint needs --source-environment and --source-credentials-file"
        )
    given = credentials_in(place.credentials_file)
    missing = [name for name in ("client_id", "client_secret") if not given.get(name)]
    if missing:
        raise ControlPlaneError(f"{place.credentials_file} lacks {' and '.join(missing)}")
    url = checked_url(place.url or given.get("base_url") or _ANYPOINT)
    app = ConnectedApp(url, str(given["client_id"]), str(given["client_secret"]))
    with anypoint_client(app) as client:
        return anypoint.source_of(client.environment(place.environment, place.organization))


def _flex_yaml(place: Place) -> Source:
    files = [file for path in place.paths for file in _files_in(path, _YAML)]
    if not files:
        raise ControlPlaneError("--from flex-yaml needs YAML files, or a folder with some")
    documents = [
        each for file in files for each in read_yaml_stream(str(file), read_text(file, _MAX_BYTES))
    ]
    return flex_yaml.source_of([each for each in documents if each is not None], os.environ)


def _apigee(place: Place) -> Source:
    if len(place.paths) != 1 or not place.paths[0].is_dir():
        raise ControlPlaneError(
            "--from apigee needs one folder, with products.json, developers.json and apps.json"
        )
    products, developers, apps = (
        _json(place.paths[0] / f"{name}.json") for name in ("products", "developers", "apps")
    )
    return apigee.source_of(apigee.Export(products, developers, apps), place.environment)


def _sdk_inventory(place: Place) -> Source:
    if len(place.paths) != 1:
        raise ControlPlaneError("--from sdk-inventory needs one JSON file")
    return sdk_inventory.source_of(_json(place.paths[0]), place.environment)


_READERS: Final[Mapping[Origin, Callable[[Place], Source]]] = {
    Origin.ANYPOINT: _anypoint,
    Origin.FLEX_YAML: _flex_yaml,
    Origin.APIGEE: _apigee,
    Origin.SDK_INVENTORY: _sdk_inventory,
}


def _files_in(path: Path, suffixes: frozenset[str]) -> list[Path]:
    """The file, or the files of the folder with such a suffix."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.suffix in suffixes)
    return [path]


def _json(file: Path) -> Any:
    try:
        return json.loads(read_text(file, _MAX_BYTES))
    except (ValueError, RecursionError) as error:
        raise ControlPlaneError(f"{file}: is not JSON: {error}") from error
