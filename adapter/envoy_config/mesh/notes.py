"""What the lines of the rendered objects protect, and what happens without them.

Each key is the beginning of a line. The notes on parts that all renderers share are in
`adapter.envoy_config.notes`.
"""

from collections.abc import Mapping
from typing import Final

from adapter.envoy_config.notes import NOTES as SHARED

_OWN: Final[Mapping[str, str]] = {
    # The adapter's settings.
    "forwarded_for_position:": "Policies on addresses read this entry of x-forwarded-for, counted "
    "from the right: 1 and the trusted proxies in front. It is right at gateways only, which "
    "append the address themselves.",
    "client_address_header:": "Policies on addresses read this header on all routes. Every Envoy "
    "that asks this adapter must overwrite it, as the EnvoyFilters do.",
    "bindings:": "How the adapter finds the API of a request whose route does not name it.",
    "- api_id:": "The id that the platform shows.",
    "authority:": "Safe only where the gateway's listener or VirtualService lists this host. "
    "Where it accepts every host, clients choose their API.",
    "destination_principal:": "The service account in the workload's certificate. A request "
    "without mutual TLS has none, and is refused.",
    "drain_s:": "Longer than Envoys need to see that an adapter stops: interval and timeout of "
    "the health check, and one second in which Envoy may gather changes.",
    # Istio.
    "envoyExtAuthzGrpc:": "Asks the adapter. Without timeout, Istio waits for 10 minutes. The "
    "adapter's port must be named grpc or have appProtocol: kubernetes.io/h2c. Otherwise every "
    "Check fails, and the adapter sees nothing of it.",
    "failOpen:": "Refuses requests that no adapter could decide. With true, every request passes "
    "while the adapter is down or overloaded.",
    "statusOnError:": "503 tells clients to try again later. Without it, they get 403.",
    "envoyHttpAls:": "For analytics. Istio cannot send a token here, so there is none: use "
    "mutual TLS, or listener.token, which moves the log into the EnvoyFilter.",
    "action: CUSTOM": "A workload may have one CUSTOM provider. With two, every request gets 403.",
    "- {}": "All requests. notPaths is not safe: /open/..%2Forders passes it.",
    "- providers:": "With the adapter's alone, Istio's usual log would end. A second Telemetry "
    "without a selector in the namespace is ignored.",
    "outlierDetection:": "Leaves out an adapter that fails several times in a row.",
    "credentialName:": "Istio reads it in the namespace of a gateway. Sidecars need files instead.",
    "initial_metadata:": "What Envoy sends beside each Check: the secret that the adapter expects "
    "(listener.token), if there is one, and the name of the route, for bindings by route_name.",
    "route_metadata_context_namespaces:": "Sends the VirtualService with each Check, which "
    "bindings by route_metadata need.",
    "value: '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'": "The peer of the connection. Here "
    "x-forwarded-for is the client's to choose. Behind a gateway this is the gateway's address, "
    "so policies on addresses belong to the gateway.",
    "name: envoy.filters.network.ext_authz": "A port without HTTP has no routes, so a constant "
    "takes the place of the route's name.",
    "api_chosen_by:": "The path decides about the API, so paths that a service could read in "
    "another way (/orders;x/1) are refused. Without it, they get the policies of another API.",
    "api_chosen_by_host:": "The same for the host.",
    "- applyTo: VIRTUAL_HOST": "All routes of the gateway, or all requests to the workload or "
    "port, whatever host the client names.",
    "- name: api_chosen_by": "Path and host decide about the API, so those that a service could "
    "read in another way (/orders;x/1) are refused. Without it, they get another API's policies.",
    "normalize_path:": "Adapter and services read every path in the same way: dots are resolved, "
    "// is /, and %2F and %5C are refused.",
    "strip_trailing_host_dot:": "shop.test. reaches the virtual host of shop.test.",
    "- applyTo: HTTP_ROUTE": "The name is that of the rule in the VirtualService (http[].name). "
    "Rules of the gateway's other VirtualServices need other names, or they get this API, too.",
    # Envoy Gateway.
    "appProtocols:": "gRPC needs HTTP/2. Without it, every Check fails.",
    "alpnProtocols:": "Without it, health checks negotiate no HTTP/2, and all adapters count as "
    "unhealthy.",
    "- type: ALS": "For analytics. grpc-status is here because a denied gRPC call has HTTP status "
    "200.",
    "- type: File": "Envoy Gateway's usual log, which a list of sinks replaces.",
    "connectTimeout:": "Without it, it is 10 s.",
    "healthCheck:": "Leaves out an adapter that stops or hangs. Without it, a restart fails "
    "requests.",
    "withUnderscoresAction:": "Without it, requests with the headers client_id and client_secret "
    "get 400 before any Check.",
    "earlyRequestHeaders:": "Removes headers by which clients could pretend to be the adapter, "
    "also with _ or . instead of -.",
    "escapedSlashesAction:": "Refuses %2F and %5C. Without it, a service that decodes them reads "
    "another path than routes and policies did.",
    "stripTrailingHostDot:": "shop.test. is the host shop.test.",
    "clientIPDetection:": "Trusted proxies in front of the Gateway. forwarded_for_position is one "
    "more than this.",
    "extAuth:": "Asks the adapter. Without timeout, Envoy Gateway waits for 10 s.",
    "includeRouteMetadata:": "Sends the HTTPRoute or GRPCRoute with each Check, which bindings by "
    "route_metadata need.",
    "retry:": "Asks another adapter process, twice at most.",
    "circuitBreaker:": "Envoy's own limits are 1,024 requests and 3 retries at once. Above them, "
    "it refuses requests without a Check.",
    "mergeType:": "Keeps the Gateway's Check. Without it, this route is not checked.",
    "path: /health_checks/0/no_traffic_interval": "An idle Gateway sends health checks only once a "
    "minute otherwise.",
    "path: /common_lb_config/update_merge_window": "A change of health counts at once, not up to a "
    "second later.",
    "path: /grpc_service/initial_metadata": "The token of listener.token, for Checks.",
    "path: /initial_metadata": "The token, for access logs.",
    # Gateway API.
    "- type: ExternalAuth": "Experimental. The filter cannot set a timeout, name an API or send "
    "access logs, so see what your implementation does.",
    "from:": "Without this object, references across namespaces are refused.",
}

_SHARED: Final = (
    *("retry_policy:", "max_interval:", "validate_mutations:", "decoder_header_mutation_rules:"),
    *("- remove_on_match:", "- append:", "api_id:", "common_lb_config:", "health_checks:"),
    *("no_traffic_interval:", "- name: envoy.access_loggers.http_grpc", "buffer_flush_interval:"),
    *("buffer_size_bytes:", "grpc_stream_retry_policy:", "additional_response_headers_to_log:"),
)
NOTES: Final[Mapping[str, str]] = {**_OWN, **{key: SHARED[key] for key in _SHARED}}
"""All notes. The first key that begins a line is used."""
