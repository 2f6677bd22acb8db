"""An Envoy with one worker that asks a server, uses native filters, or neither."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from adapter.envoy_config import ApiRoute, render
from benchmarks.catalog import api_id
from benchmarks.native_filters import native_filters
from benchmarks.requests import TOKEN
from support.defaults import envoy_config
from tests.rig.envoy import Envoy
from tests.rig.envoy_binaries import NEWEST, envoy_binary

CLIENTS: Final = 16
"""HTTP/1.1 connections with one request at a time each."""


def envoy(
    adapter: str | None, directory: Path, *, native: Sequence[str] = (), analytics: bool = False
) -> Envoy:
    """Envoy with one worker. Without an adapter's address it sends no Checks.

    `native` lists native filters of Envoy. With `analytics` it also sends access log entries.
    """
    config = envoy_config(
        apis=(ApiRoute(api_id(0), "127.0.0.1:9"),),
        adapters=(adapter or "127.0.0.1:9",),
        token=TOKEN,
    )
    tree = _answering_by_itself(
        yaml.safe_load(render(config)), asking=adapter is not None, logging=analytics
    )
    _manager(tree)["http_filters"][:0] = native_filters(native)
    return Envoy(envoy_binary(NEWEST), yaml.safe_dump(tree), directory, concurrency=1)


def _answering_by_itself(
    bootstrap: dict[str, Any], *, asking: bool, logging: bool
) -> dict[str, Any]:
    """The product's configuration without an upstream service and without health checks.

    Envoy answers requests itself, because the machine has no core left for a service. Health checks
    are off, because peers answer only Checks.
    """
    resources = bootstrap["static_resources"]
    manager = _manager(bootstrap)
    if not logging:
        del manager["access_log"]
    for route in manager["route_config"]["virtual_hosts"][0]["routes"]:
        del route["route"]
        route["direct_response"] = {"status": 200}
        if not asking:
            del route["typed_per_filter_config"]
    wanted = {name for name, use in (("adapter", asking), ("adapter_als", logging)) if use}
    resources["clusters"] = [c for c in resources["clusters"] if c["name"] in wanted]
    for cluster in resources["clusters"]:
        del cluster["health_checks"]
    if not asking:
        manager["http_filters"] = manager["http_filters"][-1:]
    return bootstrap


def _manager(bootstrap: dict[str, Any]) -> dict[str, Any]:
    """The HTTP connection manager's configuration."""
    (chain,) = bootstrap["static_resources"]["listeners"][0]["filter_chains"]
    manager: dict[str, Any] = chain["filters"][0]["typed_config"]
    return manager
