"""The HTTP connection manager and its listener."""

from typing import Final

from adapter.envoy_config.config import EnvoyConfig
from adapter.envoy_config.parts.access_log import adapter_access_log
from adapter.envoy_config.parts.addresses import address_of
from adapter.envoy_config.parts.http_filters import ROUTER, policy_filters
from adapter.envoy_config.parts.listener_tls import client_certificate_forwarding, transport_socket
from adapter.envoy_config.parts.text_log import text_log
from adapter.envoy_config.parts.tree import Tree, typed

SAME_READING: Final[Tree] = {
    "normalize_path": True,
    "merge_slashes": True,
    "path_with_escaped_slashes_action": "REJECT_REQUEST",
    # Otherwise `shop.test.` would not match `shop.test`, and would reach the API for `*`.
    "strip_trailing_host_dot": True,
}
"""The options by which the adapter and the upstream read every path and host in the same way."""


def request_options(config: EnvoyConfig) -> Tree:
    """The options that make adapter and upstream read each request in the same way."""
    return {
        # Removes x-envoy-* and other headers that only an edge proxy may set.
        "use_remote_address": True,
        "xff_num_trusted_hops": config.trusted_hops,
        "strip_matching_host_port": True,
        **SAME_READING,
        **client_certificate_forwarding(config.listener_tls),
    }


def access_logs(config: EnvoyConfig) -> list[Tree]:
    """The access logger that tells the adapter, and Envoy's own if there is a file for it."""
    own = [text_log(config.access_log)] if config.access_log else []
    return [adapter_access_log(config), *own]


def listener(config: EnvoyConfig, routes: Tree) -> Tree:
    """The listener. `routes` is the manager's `route_config` or `rds`, under that key."""
    manager = {
        "stat_prefix": "ingress",
        **request_options(config),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": access_logs(config),
        **routes,
        "http_filters": [*policy_filters(config), ROUTER],
    }
    network_filter = {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager", manager
        ),
    }
    return {
        "name": "ingress",
        "address": address_of(config.listen),
        "per_connection_buffer_limit_bytes": 1048576,
        "filter_chains": [
            {**transport_socket(config.listener_tls), "filters": [network_filter]},
        ],
    }
