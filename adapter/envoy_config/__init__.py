"""An Envoy bootstrap for given APIs and adapters.

Every line of it has carried requests in the end-to-end tests. That matters: Envoy's own validation
passes configurations that stop the process at the first request.
"""

from adapter.envoy_config.bootstrap import render
from adapter.envoy_config.config import AdapterTls, ApiRoute, EnvoyConfig, api_of_route

__all__ = ["AdapterTls", "ApiRoute", "EnvoyConfig", "api_of_route", "render"]
