# mypyc: compiled
"""Parts of the catalog as rows of JSON, for the disk copy and for the relay between workers.

Rows instead of objects halve size and time.
"""

import sys
from typing import Any, Final

from adapter.policy.catalog import AppliedPolicy, Pointcut, RateLimit, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret

# Salts are bytes; Latin-1 maps each byte to one character and back.
_BYTES: Final = "latin-1"


def policy_row(policy: AppliedPolicy) -> list[Any]:
    """The row of a policy."""
    return [
        policy.policy_id,
        policy.policy_type,
        dict(policy.configuration),
        policy.order,
        [[pointcut.method_regex, pointcut.path_regex] for pointcut in policy.pointcuts],
        policy.automated,
        policy.fault,
    ]


def policy_of(row: Any) -> AppliedPolicy:
    """The policy of a row."""
    policy_id, policy_type, configuration, order, pointcuts, automated, fault = row
    parts = tuple(Pointcut(*pointcut) for pointcut in pointcuts)
    return AppliedPolicy(policy_id, policy_type, configuration, order, parts, automated, fault)


def tier_row(tier: SlaTier) -> list[Any]:
    """The row of an SLA tier."""
    limits = [[limit.maximum_requests, limit.period_ms] for limit in tier.limits]
    return [tier.tier_id, tier.name, limits]


def tier_of(row: Any) -> SlaTier:
    """The SLA tier of a row."""
    tier_id, name, limits = row
    return SlaTier(tier_id, name, tuple(RateLimit(*limit) for limit in limits))


def contract_row(contract: Contract) -> list[Any]:
    """The row of a contract."""
    secret = contract.secret
    return [
        contract.contract_id,
        contract.tier_id,
        contract.fault,
        contract.client_id,
        contract.client_name,
        secret and _secret_row(secret),
    ]


def _secret_row(secret: HashedSecret) -> list[str]:
    row = [secret.digest.hex(), secret.salt.decode(_BYTES), secret.form]
    return [*row, secret.previous.hex()] if secret.has_previous else row


def contract_of(row: Any) -> Contract:
    """The contract of a row."""
    contract_id, tier_id, fault, client_id, name, hashed = row
    secret = None
    if hashed is not None:
        digest, salt, form, *previous = hashed
        before = bytes.fromhex(previous[0]) if previous else b""
        secret = HashedSecret.of(bytes.fromhex(digest), salt.encode(_BYTES), form, before)
    # Interned, so that many contracts share one copy of their tier's id.
    if tier_id is not None:
        tier_id = sys.intern(tier_id)
    return Contract(contract_id, client_id, name, secret, tier_id, fault)
