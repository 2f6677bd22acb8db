"""Renders the bootstrap configuration from its options."""

import re
from collections.abc import Iterable

import yaml

from adapter.envoy_config.addresses import address_of
from adapter.envoy_config.clusters import adapter_cluster, cluster_name, upstream_cluster
from adapter.envoy_config.config import ApiRoute, EnvoyConfig, ListenerTls, validate
from adapter.envoy_config.listener_tls import client_certificate_forwarding, transport_socket
from adapter.envoy_config.tree import TYPES, Tree, seconds, typed


def render(config: EnvoyConfig) -> str:
    """The bootstrap configuration as YAML; raises ConfigurationError with all errors."""
    validate(config)
    upstreams = {route.upstream: route.grpc for route in config.apis}
    bootstrap: Tree = {
        "node": {"id": "policy-adapter-gateway", "cluster": "policy-adapter"},
        "admin": {"address": address_of(config.admin)},
        "static_resources": {
            "listeners": [_listener(config)],
            "clusters": [
                # Access logs have a separate cluster, so that they do not share a circuit breaker
                # with Checks.
                adapter_cluster("adapter", config),
                adapter_cluster("adapter_als", config),
                *(upstream_cluster(address, http2=grpc) for address, grpc in upstreams.items()),
            ],
        },
    }
    text: str = yaml.safe_dump(bootstrap, sort_keys=False, width=100)
    return text


def _listener(config: EnvoyConfig) -> Tree:
    manager = {
        "stat_prefix": "ingress",
        # Removes x-envoy-* and other headers that only an edge proxy may set.
        "use_remote_address": True,
        "xff_num_trusted_hops": config.trusted_hops,
        # The adapter and the upstream read every path in the same way.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "strip_matching_host_port": True,
        # Otherwise `shop.test.` would not match `shop.test`, and would reach the API for `*`.
        "strip_trailing_host_dot": True,
        **client_certificate_forwarding(config.listener_tls),
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "access_log": [_access_log(config)],
        "route_config": {
            "ignore_port_in_host_matching": True,
            "virtual_hosts": _virtual_hosts(config.apis),
        },
        "http_filters": [
            _header_mutation_filter(config),
            _ext_authz_filter(config),
            _filter("router", "filters.http.router.v3.Router", {}),
        ],
    }
    return {
        "name": "ingress",
        "address": address_of(config.listen),
        "per_connection_buffer_limit_bytes": 1048576,
        "filter_chains": [
            {
                **transport_socket(config.listener_tls),
                "filters": [_http_connection_manager(manager)],
            }
        ],
    }


def _http_connection_manager(manager: Tree) -> Tree:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager", manager
        ),
    }


def _virtual_hosts(routes: Iterable[ApiRoute]) -> list[Tree]:
    by_domain: dict[str, list[ApiRoute]] = {}
    for route in routes:
        for domain in route.domains:
            by_domain.setdefault(domain, []).append(route)
    by_host = len(by_domain) > 1
    return [
        {
            "name": domain,
            "domains": [domain],
            "routes": [
                _route(route, by_host=by_host, by_path=any(r.path_prefix != "/" for r in routes))
                for route in sorted(routes, key=lambda r: len(r.path_prefix), reverse=True)
            ],
        }
        for domain, routes in by_domain.items()
    ]


def _route(route: ApiRoute, *, by_host: bool, by_path: bool) -> Tree:
    prefix = route.path_prefix.rstrip("/")
    # The header mutation filter below sets the client's address.
    extensions = {"api_id": route.api_id, "client_address": "attested"}
    if by_path:
        extensions["api_chosen_by"] = "path"
    if by_host:
        extensions["api_chosen_by_host"] = "true"
    per_route = {"check_settings": {"context_extensions": extensions}}
    return {
        "name": route.name,
        "match": {"path_separated_prefix": prefix} if prefix else {"prefix": "/"},
        # Without it, Envoy would end streams after 15 s.
        "route": {"cluster": cluster_name(route.upstream), "timeout": "0s"}
        if route.grpc
        else {"cluster": cluster_name(route.upstream)},
        "typed_per_filter_config": {
            "envoy.filters.http.ext_authz": typed(
                "filters.http.ext_authz.v3.ExtAuthzPerRoute", per_route
            )
        },
    }


def _header_mutation_filter(config: EnvoyConfig) -> Tree:
    """Removes clients' headers with our prefix, and sets the header with the client's address.

    Spellings with underscores are removed too, because some upstreams read them as ours. Refusing
    all names with underscores is not possible, because of the `client_id` header. The address is
    not in initial_metadata: a value that changes with every request would make every gRPC header
    block different, and decoding it would cost the adapter more than the Check.
    """
    ours = re.escape(config.header_prefix).replace("\\-", "[^a-z0-9]")
    forgeries = {"remove_on_match": {"key_matcher": {"safe_regex": {"regex": f"{ours}.*"}}}}
    address = {
        "append": {
            "header": {
                "key": config.client_address_header,
                "value": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%",
            },
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    }
    return _filter(
        "header_mutation",
        "filters.http.header_mutation.v3.HeaderMutation",
        {"mutations": {"request_mutations": [forgeries, address]}},
    )


def _ext_authz_filter(config: EnvoyConfig) -> Tree:
    timeout = seconds(config.check_timeout_s)
    previous_hosts = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {
            "@type": f"{TYPES}retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
    }
    return _filter(
        "ext_authz",
        "filters.http.ext_authz.v3.ExtAuthz",
        {
            "transport_api_version": "V3",
            "grpc_service": {
                "envoy_grpc": {"cluster_name": "adapter"},
                "timeout": timeout,
                **_initial_metadata(config.token),
                "retry_policy": {
                    "retry_on": "connect-failure,refused-stream,reset,unavailable",
                    "num_retries": 2,
                    # Envoy uses max_interval as the timeout of each attempt.
                    "retry_back_off": {"base_interval": "0.01s", "max_interval": timeout},
                    "retry_host_predicate": [previous_hosts],
                    "host_selection_retry_max_attempts": 5,
                },
            },
            **_peer_certificate(config.listener_tls),
            "failure_mode_allow": False,
            "status_on_error": {"code": "ServiceUnavailable"},
            "validate_mutations": True,
            # Allows policies to set and remove x-envoy-* headers.
            "decoder_header_mutation_rules": {"disallow_system": True, "allow_envoy": True},
        },
    )


def _peer_certificate(tls: ListenerTls | None) -> Tree:
    """Sends the client's certificate with each Check, about 1 KB, where clients have one."""
    return {"include_peer_certificate": True} if tls and tls.client_ca_file else {}


def _access_log(config: EnvoyConfig) -> Tree:
    common = {
        "log_name": "adapter",
        "transport_api_version": "V3",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": "adapter_als"},
            **_initial_metadata(config.token),
        },
        "buffer_flush_interval": seconds(config.log_flush_s),
        # Also bounds what each worker keeps while the adapter does not read the stream.
        "buffer_size_bytes": 262144,
        "grpc_stream_retry_policy": {
            "num_retries": 3,
            "retry_back_off": {"base_interval": "0.2s", "max_interval": "2s"},
        },
    }
    return {
        "name": "envoy.access_loggers.http_grpc",
        "typed_config": typed(
            "access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            {
                "common_config": common,
                # A denied gRPC call is logged as HTTP 200; grpc-status has the real status.
                "additional_response_headers_to_log": ["grpc-status"],
                "additional_response_trailers_to_log": ["grpc-status"],
            },
        ),
    }


def _initial_metadata(token: str | None) -> Tree:
    if token is None:
        return {}
    return {"initial_metadata": [{"key": "x-adapter-token", "value": token}]}


def _filter(name: str, type_name: str, config: Tree) -> Tree:
    return {"name": f"envoy.filters.http.{name}", "typed_config": typed(type_name, config)}
