"""Builders of small catalog values, as a platform would send them."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from adapter.ext_authz.response.writer import own_headers
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy, PolicyRef, SlaTier
from adapter.policy.compile import CompiledPolicy
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret
from adapter.policy.effects.effect import Verdict
from adapter.policy.evaluation import Evaluation
from adapter.policy.rule import Rule
from adapter.policy.rule_pool import RulePool, SharedRule
from adapter.policy.snapshot import Api, build_api

OWN_HEADERS = own_headers("x-adapter-", "x-adapter-client-address")
SALT = "salt"
SECRET = "secret"
"""Of every application that is given no other."""


def contract(
    client_id: str,
    *,
    secret: str = SECRET,
    previous: str = "",
    name: str = "",
    tier_id: str | None = None,
) -> Contract:
    """An application's contract; the contract's id is `contract-of-` and the client id.

    `previous` is the secret before, if both work.
    """
    before = _salted_hash(previous) if previous else ""
    hashed = HashedSecret.parse(_salted_hash(secret), SALT, "secret+salt", before)
    return Contract(f"contract-of-{client_id}", client_id, name or client_id, hashed, tier_id)


def _salted_hash(secret: str) -> str:
    return hashlib.sha256((secret + SALT).encode()).hexdigest()


def applied(
    policy_type: str, configuration: Mapping[str, Any] | None = None, **fields: Any
) -> AppliedPolicy:
    """A policy as an admin applies it."""
    return AppliedPolicy(f"id-of-{policy_type}", policy_type, configuration or {}, **fields)


CLIENT_ID_ENFORCEMENT = applied(
    "client-id-enforcement",
    {
        "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
        "clientIdExpression": "#[attributes.headers['client_id']]",
        "clientSecretExpression": "#[attributes.headers['client_secret']]",
    },
)


def api(
    api_id: str,
    policies: Iterable[AppliedPolicy] = (),
    contracts: Iterable[Contract] = (),
    tiers: Iterable[SlaTier] = (),
    pool: RulePool | None = None,
) -> Api:
    """An API as a sync would compile it."""
    content = ApiContent(
        ApiInstance(api_id, f"api-{api_id}", "1.0.0"),
        tuple(policies),
        {tier.tier_id: tier for tier in tiers},
        {contract.contract_id: contract for contract in contracts},
    )
    return build_api(content, pool or RulePool(), own_headers=OWN_HEADERS)


def by_client(contracts: Iterable[Contract]) -> dict[str, Contract]:
    """Contracts by client id."""
    return {contract.client_id: contract for contract in contracts}


def api_ruled_by(
    api_id: str, evaluate: Callable[[Evaluation], Verdict], *, inspects_path: bool = False
) -> Api:
    """An API with one policy that is a function of the test's."""
    policy = compiled_policy(Rule(evaluate, inspects_path))
    return Api(ApiInstance(api_id, f"api-{api_id}", "1.0.0"), (policy,))


def compiled_policy(rule: Rule, policy_type: str = "test") -> CompiledPolicy:
    """A policy with that rule; its id is `id-of-` and the type."""
    policy_id = f"id-of-{policy_type}"
    return CompiledPolicy(PolicyRef(policy_id, policy_type), SharedRule(rule))
