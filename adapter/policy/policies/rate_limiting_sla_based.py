"""rate-limiting-sla-based: applies the limits of the contract's SLA tier."""

from collections.abc import Mapping
from typing import Any

from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.policies.shared.credentials import (
    DEFAULT_CLIENT_ID,
    CredentialExpression,
    contract_finder,
)
from adapter.policy.policies.shared.limits import charging_by_tier
from adapter.policy.rule import Rule


class RateLimitingSlaBased(Configuration):
    """Where the client id and secret are, and whether clients see their quota."""

    client_id_expression: CredentialExpression = DEFAULT_CLIENT_ID
    client_secret_expression: CredentialExpression = ""
    expose_headers: bool = False
    clusterizable: bool = True
    block_on_unknown_quota: bool = True
    """Accepted without effect: the operator's `quota.when_down` decides about a failed store."""


def compile_rate_limiting_sla_based(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(RateLimitingSlaBased, given)
    finder = contract_finder(
        configuration.client_id_expression or DEFAULT_CLIENT_ID,
        configuration.client_secret_expression,
    )
    evaluate = charging_by_tier(
        finder.find,
        exposed=configuration.expose_headers,
        local=not configuration.clusterizable,
    )
    return Rule(evaluate, finder.inspects_path, inspects_method=finder.inspects_method)
