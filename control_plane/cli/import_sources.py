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


class SourceKind(StrEnum):
    """What can be imported from."""

    ANYPOINT = "anypoint"
    FLEX_YAML = "flex-yaml"
    APIGEE = "apigee"
    SDK_INVENTORY = "sdk-inventory"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Where the source is, as the options say."""

    paths: Sequence[Path] = ()
    environment: str | None = None
    url: str | None = None
    credentials_file: Path | None = None
    organization: str | None = None


def read_source(kind: SourceKind, options: SourceOptions) -> Source:
    """The environment of the source; raise ControlPlaneError if it can't be read."""
    return _READERS[kind](options)


def _anypoint(options: SourceOptions) -> Source:
    if options.paths:
        raise ControlPlaneError("--from anypoint reads no files; remove the arguments")
    if options.environment is None or options.credentials_file is None:
        raise ControlPlaneError(
            "--from anypoint needs --source-environment and --source-credentials-file"
        )
    given = credentials_in(options.credentials_file)
    missing = [name for name in ("client_id", "client_secret") if not given.get(name)]
    if missing:
        raise ControlPlaneError(f"{options.credentials_file} lacks {' and '.join(missing)}")
    url = checked_url(options.url or given.get("base_url") or _ANYPOINT)
    app = ConnectedApp(url, str(given["client_id"]), str(given["client_secret"]))
    with anypoint_client(app) as client:
        return anypoint.source_of(client.environment(options.environment, options.organization))


def _flex_yaml(options: SourceOptions) -> Source:
    files = [file for path in options.paths for file in _files_in(path, _YAML)]
    if not files:
        raise ControlPlaneError("--from flex-yaml needs YAML files, or a folder with some")
    documents = [
        each for file in files for each in read_yaml_stream(str(file), read_text(file, _MAX_BYTES))
    ]
    return flex_yaml.source_of([each for each in documents if each is not None], os.environ)


def _apigee(options: SourceOptions) -> Source:
    if len(options.paths) != 1 or not options.paths[0].is_dir():
        raise ControlPlaneError(
            "--from apigee needs one folder, with products.json, developers.json and apps.json"
        )
    products, developers, apps = (
        _json(options.paths[0] / f"{name}.json") for name in ("products", "developers", "apps")
    )
    return apigee.source_of(apigee.Export(products, developers, apps), options.environment)


def _sdk_inventory(options: SourceOptions) -> Source:
    if len(options.paths) != 1:
        raise ControlPlaneError("--from sdk-inventory needs one JSON file")
    return sdk_inventory.source_of(_json(options.paths[0]), options.environment)


_READERS: Final[Mapping[SourceKind, Callable[[SourceOptions], Source]]] = {
    SourceKind.ANYPOINT: _anypoint,
    SourceKind.FLEX_YAML: _flex_yaml,
    SourceKind.APIGEE: _apigee,
    SourceKind.SDK_INVENTORY: _sdk_inventory,
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
