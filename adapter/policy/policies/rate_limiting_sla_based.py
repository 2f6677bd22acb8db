"""rate-limiting-sla-based: applies the limits of the contract's SLA tier."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from adapter.policy.policies.shared.configuration import Configuration, read_configuration
from adapter.policy.policies.shared.credentials import (
    DEFAULT_CLIENT_ID,
    contract_finder,
    secret_warnings,
)
from adapter.policy.policies.shared.limits import charging_by_tier
from adapter.policy.policies.shared.request_expression import CredentialExpression
from adapter.policy.rule import Rule


class RateLimitingSlaBased(Configuration):
    """Applies the limits of the SLA tier of each client application's contract."""

    client_id_expression: CredentialExpression = DEFAULT_CLIENT_ID
    """Where the client ID is."""
    client_secret_expression: Annotated[
        CredentialExpression, Field(examples=["#[attributes.headers['client_secret']]"])
    ] = ""
    """Where the client secret is. Empty: no secret is checked, and a client ID alone is enough. No
    secret is needed where an earlier policy has identified the client."""
    expose_headers: bool = False
    """Whether clients get `x-ratelimit-*` headers."""
    clusterizable: bool = True
    """Whether adapter processes with a shared store count together. `false`: each counts alone."""
    block_on_unknown_quota: bool = True
    """Accepted without effect: the operator's `quota.when_down` decides about a failed store."""


def compile_rate_limiting_sla_based(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(RateLimitingSlaBased, given)
    id_source = configuration.client_id_expression or DEFAULT_CLIENT_ID
    secret_source = configuration.client_secret_expression
    finder = contract_finder(id_source, secret_source)
    evaluate = charging_by_tier(
        finder.find,
        exposed=configuration.expose_headers,
        local=not configuration.clusterizable,
    )
    return Rule(
        evaluate,
        finder.inspects_path,
        inspects_method=finder.inspects_method,
        warnings=secret_warnings(id_source, secret_source),
    )
