"""The HTTP filters, in the order in which Envoy must run them."""

import re

from adapter.envoy_config.config import EnvoyConfig, ListenerTls
from adapter.envoy_config.parts.tree import TYPES, Tree, http_filter, seconds, token_metadata

ROUTER = http_filter("router", "router.v3.Router", {})


def policy_filters(config: EnvoyConfig) -> list[Tree]:
    """The filters that make Envoy ask the adapter. They come before the router."""
    return [_header_mutation(config), _ext_authz(config)]


def _header_mutation(config: EnvoyConfig) -> Tree:
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
    mutations = {"request_mutations": [forgeries, address]}
    return http_filter(
        "header_mutation", "header_mutation.v3.HeaderMutation", {"mutations": mutations}
    )


def _ext_authz(config: EnvoyConfig) -> Tree:
    return http_filter(
        "ext_authz",
        "ext_authz.v3.ExtAuthz",
        {
            "transport_api_version": "V3",
            "grpc_service": _check_service(config),
            **_peer_certificate(config.listener_tls),
            "failure_mode_allow": False,
            "status_on_error": {"code": "ServiceUnavailable"},
            "validate_mutations": True,
            # Allows policies to set and remove x-envoy-* headers.
            "decoder_header_mutation_rules": {"disallow_system": True, "allow_envoy": True},
        },
    )


def _check_service(config: EnvoyConfig) -> Tree:
    timeout = seconds(config.check_timeout_s)
    previous_hosts = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {
            "@type": f"{TYPES}retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
    }
    return {
        "envoy_grpc": {"cluster_name": "adapter"},
        "timeout": timeout,
        **token_metadata(config.token),
        "retry_policy": {
            "retry_on": "connect-failure,refused-stream,reset,unavailable",
            "num_retries": 2,
            # Envoy uses max_interval as the timeout of each attempt.
            "retry_back_off": {"base_interval": "0.01s", "max_interval": timeout},
            "retry_host_predicate": [previous_hosts],
            "host_selection_retry_max_attempts": 5,
        },
    }


def _peer_certificate(tls: ListenerTls | None) -> Tree:
    """Sends the client's certificate with each Check, about 1 KB, where clients have one."""
    return {"include_peer_certificate": True} if tls and tls.client_ca_file else {}
