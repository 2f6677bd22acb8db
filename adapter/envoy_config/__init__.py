"""Writes an Envoy bootstrap configuration for given APIs and adapters.

The end-to-end tests send requests through every part of it. Envoy's own validation is not enough:
it accepts configurations that crash the process at the first request.
"""

from adapter.envoy_config.bootstrap import render
from adapter.envoy_config.config import (
    AdapterTls,
    ApiRoute,
    EnvoyConfig,
    ListenerTls,
    api_of_route,
)

__all__ = ["AdapterTls", "ApiRoute", "EnvoyConfig", "ListenerTls", "api_of_route", "render"]
