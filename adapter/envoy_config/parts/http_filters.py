"""The HTTP filters, in the order in which Envoy must run them."""

import re
from typing import Final

from adapter.envoy_config.config import EnvoyConfig, ListenerTls
from adapter.envoy_config.parts.tree import TYPES, Tree, http_filter, seconds, token_metadata

ROUTER = http_filter("router", "router.v3.Router", {})

REMOTE_ADDRESS: Final = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
"""The client's address, at an Envoy that takes it from the connection or from trusted proxies."""

SAFE_CHANGES: Final[Tree] = {
    "validate_mutations": True,
    # Allows policies to set and remove x-envoy-* headers.
    "decoder_header_mutation_rules": {"disallow_system": True, "allow_envoy": True},
}
"""The limits of what an answer of the adapter may change in a request."""


def policy_filters(config: EnvoyConfig) -> list[Tree]:
    """The filters that make Envoy ask the adapter. They come before the router."""
    mutation = header_mutation(config.header_prefix, config.client_address_header, REMOTE_ADDRESS)
    return [mutation, _ext_authz(config)]


def header_mutation(prefix: str, address_header: str, address: str) -> Tree:
    """Removes clients' headers with our prefix, and sets the header with the client's address.

    Spellings with underscores are removed too, because some upstreams read them as ours. Refusing
    all names with underscores is not possible, because of the `client_id` header. The address is
    not in initial_metadata: a value that changes with every request would make every gRPC header
    block different, and decoding it would cost the adapter more than the Check.
    """
    forged = {"safe_regex": {"regex": forged_headers(prefix)}}
    forgeries = {"remove_on_match": {"key_matcher": forged}}
    written = {
        "append": {
            "header": {"key": address_header, "value": address},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    }
    mutations = {"request_mutations": [forgeries, written]}
    return http_filter(
        "header_mutation", "header_mutation.v3.HeaderMutation", {"mutations": mutations}
    )


def forged_headers(prefix: str) -> str:
    """The pattern of all header names that services could read as ours."""
    ours = re.escape(prefix).replace("\\-", "[^a-z0-9]")
    return f"{ours}.*"


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
            **SAFE_CHANGES,
        },
    )


def _check_service(config: EnvoyConfig) -> Tree:
    timeout = seconds(config.check_timeout_s)
    return {
        "envoy_grpc": {"cluster_name": "adapter"},
        "timeout": timeout,
        **token_metadata(config.token),
        "retry_policy": retry_policy(timeout),
    }


def retry_policy(timeout: str) -> Tree:
    """Asks another adapter process if one does not answer, within the timeout of the Check."""
    previous_hosts = {
        "name": "envoy.retry_host_predicates.previous_hosts",
        "typed_config": {
            "@type": f"{TYPES}retry.host.previous_hosts.v3.PreviousHostsPredicate",
        },
    }
    return {
        "retry_on": "connect-failure,refused-stream,reset,unavailable",
        "num_retries": 2,
        # Envoy uses max_interval as the timeout of each attempt.
        "retry_back_off": {"base_interval": "0.01s", "max_interval": timeout},
        "retry_host_predicate": [previous_hosts],
        "host_selection_retry_max_attempts": 5,
    }


def _peer_certificate(tls: ListenerTls | None) -> Tree:
    """Sends the client's certificate with each Check, about 1 KB, where clients have one."""
    return {"include_peer_certificate": True} if tls and tls.client_ca_file else {}
