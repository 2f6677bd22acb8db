"""Writes Envoy configurations for given APIs and adapters.

`parts/` holds the parts as data. Each renderer puts them together in its own form: `bootstrap`
writes one file for an Envoy of its own, `resource_files` several files that Envoy reloads, and
`fragments` the parts to add to an Envoy that exists. The end-to-end tests send requests through
every part. Envoy's own validation is not enough: it accepts configurations that crash the process
at the first request.
"""

from adapter.envoy_config.bootstrap import render
from adapter.envoy_config.config import (
    SYSTEM_CA_FILE,
    AdapterTls,
    ApiRoute,
    EnvoyConfig,
    ListenerTls,
    api_of_route,
)
from adapter.envoy_config.fragments import render_fragments

__all__ = [
    "SYSTEM_CA_FILE",
    "AdapterTls",
    "ApiRoute",
    "EnvoyConfig",
    "ListenerTls",
    "api_of_route",
    "render",
    "render_fragments",
]
