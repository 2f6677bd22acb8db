"""An Envoy bootstrap for given APIs and adapters.

Every line of it has carried requests in the end-to-end tests. That matters: Envoy's own validation
passes configurations that stop the process at the first request.
"""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import yaml

from adapter.errors import ConfigurationError

Tree: TypeAlias = dict[str, Any]

_TYPES: Final = "type.googleapis.com/envoy.extensions."
_UNIX: Final = "unix:"
_ABSTRACT: Final = "unix-abstract:"


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """Requests of these domains, at and under this path, are of that API."""

    api_id: str
    upstream: str
    """`host:port`; the host may be a name."""
    domains: tuple[str, ...] = ("*",)
    """`*` is safe here: the route itself names the API, so the client's Host header does not."""
    path_prefix: str = "/"
    """On segment boundaries: `/pay` is not `/payments`."""
    grpc: bool = False
    """Whether the upstream speaks HTTP/2."""


@dataclass(frozen=True, slots=True)
class EnvoyConfig:
    """What there is to decide about an Envoy in front of the adapter."""

    apis: tuple[ApiRoute, ...]
    adapters: tuple[str, ...]
    """One address for each adapter process: `host:port`, `unix:/path` or `unix-abstract:name`."""
    listen: str = "0.0.0.0:8080"
    admin: str = "127.0.0.1:9901"
    token: str | None = field(default=None, repr=False)
    """The secret that tells the adapter its Envoy."""
    header_prefix: str = "x-adapter-"
    """How the adapter's own request headers begin; see its setting of that name."""
    client_address_header: str = "x-adapter-client-address"
    trusted_hops: int = 0
    """Proxies in front whose `x-forwarded-for` entries are true."""
    encode_raw_headers: bool = True
    """Whether Checks carry header values as they are, repeated ones apart."""
    check_timeout_s: float = 0.5
    health_interval_s: float = 1.0
    log_flush_s: float = 1.0


def render(config: EnvoyConfig) -> str:
    """The bootstrap as YAML; raises ConfigurationError with all that is wrong in it."""
    _validate(config)
    upstreams = {route.upstream: route.grpc for route in config.apis}
    bootstrap: Tree = {
        "node": {"id": "policy-adapter-gateway", "cluster": "policy-adapter"},
        "admin": {"address": _address(config.admin)},
        "static_resources": {
            "listeners": [_listener(config)],
            "clusters": [
                # Access logs have a cluster of their own, so that their streams and Checks do not
                # use up one circuit breaker.
                _adapter_cluster("adapter", config),
                _adapter_cluster("adapter_als", config),
                *(_upstream_cluster(address, grpc) for address, grpc in upstreams.items()),
            ],
        },
    }
    text: str = yaml.safe_dump(bootstrap, sort_keys=False, width=100)
    return text


def _validate(config: EnvoyConfig) -> None:
    faults = [*_address_faults(config), *_route_faults(config.apis)]
    if faults:
        raise ConfigurationError("\n".join(faults))


def _address_faults(config: EnvoyConfig) -> Iterable[str]:
    tcp = [("listen", config.listen), ("admin", config.admin)]
    tcp += [(f"upstream of API {route.api_id}", route.upstream) for route in config.apis]
    tcp += [("adapter", a) for a in config.adapters if not a.startswith((_UNIX, _ABSTRACT))]
    for name, address in tcp:
        host, _, port = address.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65535:
            yield f"{name}: {address!r} is not of the form host:port"
    if not config.adapters:
        yield "adapters: name at least one address"
    if len({_is_name(address) for address in config.adapters}) > 1:
        yield "adapters: host names do not go together with IP addresses or sockets; use one kind"


def _route_faults(routes: Sequence[ApiRoute]) -> Iterable[str]:
    if not routes:
        yield "apis: name at least one"
    taken: dict[tuple[str, str], str] = {}
    protocols: dict[str, bool] = {}
    for route in routes:
        if not route.path_prefix.startswith("/") or "?" in route.path_prefix:
            yield f"API {route.api_id}: path_prefix {route.path_prefix!r} is no path"
        if protocols.setdefault(route.upstream, route.grpc) != route.grpc:
            yield f"upstream {route.upstream}: either HTTP/1 or gRPC, not both"
        for domain in route.domains:
            place = (domain, route.path_prefix.rstrip("/"))
            other = taken.setdefault(place, route.api_id)
            if other != route.api_id:
                yield f"APIs {other} and {route.api_id} both claim {domain}{route.path_prefix}"


def _listener(config: EnvoyConfig) -> Tree:
    manager = {
        "stat_prefix": "ingress",
        # Takes away x-envoy-* and other headers that only an edge proxy may write.
        "use_remote_address": True,
        "xff_num_trusted_hops": config.trusted_hops,
        # One reading of every path, for the adapter and for the upstream.
        "normalize_path": True,
        "merge_slashes": True,
        "path_with_escaped_slashes_action": "REJECT_REQUEST",
        "strip_matching_host_port": True,
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
        "address": _address(config.listen),
        "per_connection_buffer_limit_bytes": 1048576,
        "filter_chains": [{"filters": [_http_connection_manager(manager)]}],
    }


def _http_connection_manager(manager: Tree) -> Tree:
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": _typed(
            "filters.network.http_connection_manager.v3.HttpConnectionManager", manager
        ),
    }


def _virtual_hosts(routes: Iterable[ApiRoute]) -> list[Tree]:
    by_domain: dict[str, list[ApiRoute]] = {}
    for route in routes:
        for domain in route.domains:
            by_domain.setdefault(domain, []).append(route)
    return [
        {
            "name": domain,
            "domains": [domain],
            "routes": [
                _route(route)
                for route in sorted(routes, key=lambda r: len(r.path_prefix), reverse=True)
            ],
        }
        for domain, routes in by_domain.items()
    ]


def _route(route: ApiRoute) -> Tree:
    prefix = route.path_prefix.rstrip("/")
    per_route = {"check_settings": {"context_extensions": {"api_id": route.api_id}}}
    return {
        "name": f"api-{route.api_id}",
        "match": {"path_separated_prefix": prefix} if prefix else {"prefix": "/"},
        # Streams may last: Envoy would end them after 15 s.
        "route": {"cluster": _cluster_name(route.upstream), "timeout": "0s"}
        if route.grpc
        else {"cluster": _cluster_name(route.upstream)},
        "typed_per_filter_config": {
            "envoy.filters.http.ext_authz": _typed(
                "filters.http.ext_authz.v3.ExtAuthzPerRoute", per_route
            )
        },
    }


def _header_mutation_filter(config: EnvoyConfig) -> Tree:
    """Drops what clients claim in our headers' names, and tells the adapter who the client is.

    Names with underscores go too, because some upstreams take them for ours; to refuse all such
    names would refuse the `client_id` header. The address is not sent by initial_metadata: a value
    that changes with every request makes every gRPC header block a new one, which costs the adapter
    more than the Check.
    """
    ours = re.escape(config.header_prefix).replace("\\-", "[-_]")
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
    timeout = _seconds(config.check_timeout_s)
    previous_hosts = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {
            "@type": f"{_TYPES}retry.host.previous_hosts.v3.PreviousHostsPredicate",
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
                    # Envoy takes max_interval for the timeout of each try.
                    "retry_back_off": {"base_interval": "0.01s", "max_interval": timeout},
                    "retry_host_predicate": [previous_hosts],
                    "host_selection_retry_max_attempts": 5,
                },
            },
            "failure_mode_allow": False,
            "status_on_error": {"code": "ServiceUnavailable"},
            "validate_mutations": True,
            "decoder_header_mutation_rules": {"disallow_system": True},
            "encode_raw_headers": config.encode_raw_headers,
        },
    )


def _access_log(config: EnvoyConfig) -> Tree:
    common = {
        "log_name": "adapter",
        "transport_api_version": "V3",
        "grpc_service": {
            "envoy_grpc": {"cluster_name": "adapter_als"},
            **_initial_metadata(config.token),
        },
        "buffer_flush_interval": _seconds(config.log_flush_s),
        # Also what each worker holds while the stream is not read.
        "buffer_size_bytes": 262144,
        "grpc_stream_retry_policy": {
            "num_retries": 3,
            "retry_back_off": {"base_interval": "0.2s", "max_interval": "2s"},
        },
    }
    return {
        "name": "envoy.access_loggers.http_grpc",
        "typed_config": _typed(
            "access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            {
                "common_config": common,
                # A denied gRPC call is an HTTP 200; its real status is here.
                "additional_response_headers_to_log": ["grpc-status"],
                "additional_response_trailers_to_log": ["grpc-status"],
            },
        ),
    }


def _initial_metadata(token: str | None) -> Tree:
    if token is None:
        return {}
    return {"initial_metadata": [{"key": "x-adapter-token", "value": token}]}


def _adapter_cluster(name: str, config: EnvoyConfig) -> Tree:
    interval = _seconds(config.health_interval_s)
    return {
        **_cluster(name, config.adapters, http2=True),
        "lb_policy": "ROUND_ROBIN",
        "connect_timeout": "0.25s",
        "circuit_breakers": {
            "thresholds": [
                {
                    "max_connections": 1024,
                    "max_requests": 20000,
                    "max_pending_requests": 20000,
                    "max_retries": 200,
                }
            ]
        },
        "outlier_detection": {
            "consecutive_5xx": 5,
            "interval": "2s",
            "base_ejection_time": "5s",
            "max_ejection_percent": 50,
        },
        "health_checks": [
            {
                "timeout": "0.5s",
                "interval": interval,
                # Without it, an adapter without traffic is asked once a minute.
                "no_traffic_interval": interval,
                "unhealthy_threshold": 1,
                "healthy_threshold": 1,
                "grpc_health_check": {},
            }
        ],
    }


def _upstream_cluster(address: str, http2: bool) -> Tree:
    return _cluster(_cluster_name(address), (address,), http2=http2)


def _cluster(name: str, addresses: Sequence[str], *, http2: bool) -> Tree:
    cluster: Tree = {
        "name": name,
        "type": "STRICT_DNS" if _is_name(addresses[0]) else "STATIC",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": _address(a)}} for a in addresses]}
            ],
        },
    }
    if cluster["type"] == "STRICT_DNS":
        cluster["dns_lookup_family"] = "V4_PREFERRED"
    if http2:
        options = {"explicit_http_config": {"http2_protocol_options": {}}}
        cluster["typed_extension_protocol_options"] = {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": _typed(
                "upstreams.http.v3.HttpProtocolOptions", options
            )
        }
    return cluster


def _cluster_name(address: str) -> str:
    return f"upstream_{address}"


def _filter(name: str, type_name: str, config: Tree) -> Tree:
    return {"name": f"envoy.filters.http.{name}", "typed_config": _typed(type_name, config)}


def _typed(type_name: str, config: Tree) -> Tree:
    return {"@type": _TYPES + type_name, **config}


def _seconds(seconds: float) -> str:
    return f"{seconds:g}s"


def _address(address: str) -> Tree:
    if address.startswith(_ABSTRACT):
        return {"pipe": {"path": f"@{address.removeprefix(_ABSTRACT)}"}}
    if address.startswith(_UNIX):
        return {"pipe": {"path": address.removeprefix(_UNIX)}}
    host, _, port = address.rpartition(":")
    return {"socket_address": {"address": host.strip("[]"), "port_value": int(port)}}


def _is_name(address: str) -> bool:
    """Whether a resolver has to find the address."""
    if address.startswith((_UNIX, _ABSTRACT)):
        return False
    try:
        ipaddress.ip_address(address.rpartition(":")[0].strip("[]"))
    except ValueError:
        return True
    return False
