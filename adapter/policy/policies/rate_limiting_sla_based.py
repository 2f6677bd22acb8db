"""rate-limiting-sla-based: the limits that a contract's SLA tier promises."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Final

from adapter.policy.catalog import AppliedPolicy
from adapter.policy.decision import Charge, Deny, Verdict
from adapter.policy.evaluation import ActiveContract, Evaluation, Rule
from adapter.policy.policies.configuration import Configuration, read_configuration
from adapter.policy.policies.credentials import (
    CLIENT_ID_CHALLENGE,
    DEFAULT_CLIENT_ID,
    CredentialExpression,
    contract_of,
    credentials_by_expression,
    identity_under,
)
from adapter.policy.policies.limits import counter_name, settlement, windows_of

REMEMBERED_TIERS: Final = 64
"""For so many tiers of an API the judgement on a charge is kept; more are made anew."""


class RateLimitingSlaBased(Configuration):
    """Whose limits count, and how they show."""

    client_id_expression: CredentialExpression = DEFAULT_CLIENT_ID
    client_secret_expression: CredentialExpression = ""
    expose_headers: bool = False
    clusterizable: bool = True
    block_on_unknown_quota: bool = True
    """Accepted, without effect: the operator's setting says what a broken store means."""


def compile_rate_limiting_sla_based(policy: AppliedPolicy) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(RateLimitingSlaBased, policy)
    contract, inspects_path = _contract_finder(
        configuration.client_id_expression or DEFAULT_CLIENT_ID,
        configuration.client_secret_expression,
    )
    exposed, local = configuration.expose_headers, not configuration.clusterizable
    counted_by = counter_name(policy)

    settled_by = lru_cache(maxsize=REMEMBERED_TIERS)(partial(settlement, exposed=exposed))

    def evaluate(evaluation: Evaluation) -> Verdict:
        active = contract(evaluation)
        if isinstance(active, Deny):
            return active
        tier = active.tier
        if tier is None or not tier.limits:
            return CLIENT_ID_CHALLENGE.no_tier
        key = (evaluation.api_id, counted_by, active.contract.contract_id)
        return Charge(
            windows_of(key, tier.limits),
            settled_by(tier.limits),
            local,
            identity_under(active, evaluation),
        )

    return Rule(evaluate, inspects_path)


def _contract_finder(
    id_source: str, secret_source: str
) -> tuple[Callable[[Evaluation], ActiveContract | Deny], bool]:
    """Finds the contract to charge; the second value tells whether that depends on the path.

    Where an earlier policy established who is asking, that client needs no second proof, and
    another one is refused: by an id alone, one application could use up what another was promised.
    """
    by_id = credentials_by_expression(id_source, "")
    proven = credentials_by_expression(id_source, secret_source)

    def find(evaluation: Evaluation) -> ActiveContract | Deny:
        established = evaluation.identity.client_id if evaluation.identity else ""
        credentials = by_id.read(evaluation) if established else proven.read(evaluation)
        if isinstance(credentials, Deny):
            return credentials
        if established and credentials.client_id != established:
            return CLIENT_ID_CHALLENGE.other_client
        return contract_of(evaluation, credentials, CLIENT_ID_CHALLENGE)

    return find, proven.inspects_path
