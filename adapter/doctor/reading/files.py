"""Reads a bootstrap file, and the files that it names for listeners, routes and clusters."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from adapter.doctor.fields import Tree, text, tree, trees, unwrapped
from adapter.doctor.model import Envoy
from adapter.doctor.reading.admin import resources_of_dump
from adapter.doctor.reading.documents import read_document
from adapter.doctor.reading.resources import Resources, envoy_of
from adapter.errors import ConfigurationError

_OPTION = "--file"


def read_file(file: Path) -> Envoy:
    """Read a bootstrap configuration, or a saved answer of `/config_dump`.

    Raises ConfigurationError if the file, or a file that it names, cannot be used.
    """
    document = read_document(file, _OPTION)
    if isinstance(document, dict) and trees(document, "configs"):
        return envoy_of(resources_of_dump(document))
    parts = {"static_resources", "dynamic_resources"}
    if not isinstance(document, dict) or not document.keys() & parts:
        raise ConfigurationError(
            f"{_OPTION} {file} is not an Envoy configuration: {_why(document)}"
        )
    return envoy_of(resources_of_bootstrap(document, file))


def _why(document: Any) -> str:
    if isinstance(document, dict) and "resources" in document:
        return "it is a file for discovery (LDS, RDS, CDS, EDS); give the bootstrap file"
    return "it has neither static_resources nor dynamic_resources"


def resources_of_bootstrap(bootstrap: Tree, file: Path = Path()) -> Resources:
    """The resources of a bootstrap configuration, and of the files that it names beside `file`."""
    static, dynamic = tree(bootstrap, "static_resources"), tree(bootstrap, "dynamic_resources")
    found = Resources(admin=tree(bootstrap, "admin", "address"))
    found.node_id = text(tree(bootstrap, "node"), "id")
    found.listeners = [
        *trees(static, "listeners"), *_discovered(tree(dynamic, "lds_config"), file)
    ]  # fmt: skip
    found.clusters = [*trees(static, "clusters"), *_discovered(tree(dynamic, "cds_config"), file)]
    for manager in _managers(found.listeners):
        for config in _discovered(tree(manager, "rds", "config_source"), file):
            found.routes[text(config, "name")] = config
    for cluster in found.clusters:
        for config in _discovered(tree(cluster, "eds_cluster_config", "eds_config"), file):
            found.endpoints[text(config, "cluster_name")] = config
    return found


def _managers(listeners: list[Tree]) -> Iterator[Tree]:
    for listener in listeners:
        for chain in [*trees(listener, "filter_chains"), tree(listener, "default_filter_chain")]:
            for network_filter in trees(chain, "filters"):
                yield unwrapped(tree(network_filter, "typed_config"))


def _discovered(source: Tree, bootstrap: Path) -> list[Tree]:
    """The resources in the file of a configuration source; none if it is not a file."""
    name = text(tree(source, "path_config_source"), "path") or text(source, "path")
    if not name:
        return []
    file = _first_that_exists(Path(name), bootstrap.parent / name, bootstrap.parent / _base(name))
    document = read_document(file, f"{_OPTION} {bootstrap}")
    if not isinstance(document, dict) or not isinstance(document.get("resources"), list):
        raise ConfigurationError(
            f"{_OPTION} {bootstrap}: {file} has no list of resources, so Envoy cannot read it"
        )
    return trees(document, "resources")


def _first_that_exists(*files: Path) -> Path:
    exists: Callable[[Path], bool] = Path.is_file
    return next(filter(exists, files), files[0])


def _base(name: str) -> str:
    return Path(name).name
