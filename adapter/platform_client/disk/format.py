# mypyc: compiled
"""The catalog as lines of JSON: the environment first, then one line for each API.

Each API has its own line, so that little is parsed at once, and is encoded in pieces. Contracts are
rows instead of objects, which halves size and time.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from adapter.policy.catalog import (
    ApiContent,
    ApiInstance,
    AppliedPolicy,
    Pointcut,
    RateLimit,
    SlaTier,
)
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret
from adapter.runtime.clock import WallTime

# Salts are bytes; Latin-1 maps each byte to one character and back.
_BYTES: Final = "latin-1"
_ROWS_AT_ONCE: Final = 200


class StoredApi(NamedTuple):
    """An API's content and when the platform last confirmed it."""

    content: ApiContent
    confirmed_at: WallTime


class StoredCatalog(NamedTuple):
    """Everything that a restarted adapter needs to serve without the platform."""

    automated: tuple[AppliedPolicy, ...]
    apis: tuple[StoredApi, ...]


def encode(catalog: StoredCatalog, environment: str) -> Iterator[bytes]:
    """The content of the file, in pieces that take less than a millisecond each."""
    yield _json([environment, [_policy_row(policy) for policy in catalog.automated]]) + b"\n"
    for api in catalog.apis:
        yield from _api_line(api)


def decode(lines: Iterable[bytes], environment: str) -> StoredCatalog:
    """Read the lines; raise ValueError if they are damaged or belong to another environment."""
    rows = iter(lines)
    try:
        written_for, automated = json.loads(next(rows))
        if written_for != environment:
            raise ValueError(f"it belongs to {written_for}, not to {environment}")
        apis = tuple(_api(json.loads(row)) for row in rows)
        return StoredCatalog(tuple(map(_policy, automated)), apis)
    except (TypeError, KeyError, AttributeError, StopIteration, RecursionError) as e:
        raise ValueError(f"its content is not a catalog ({type(e).__name__})") from None


def _json(row: Any) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode()


def _api_line(api: StoredApi) -> Iterator[bytes]:
    content = api.content
    instance = content.instance
    head = [
        api.confirmed_at,
        [instance.api_id, instance.name, instance.version],
        [_policy_row(policy) for policy in content.policies],
        [_tier_row(tier) for tier in content.tiers.values()],
    ]
    yield _json(head)[:-1] + b",["
    contracts = iter(content.contracts.values())
    separator = b""
    while rows := [_contract_row(contract) for contract in islice(contracts, _ROWS_AT_ONCE)]:
        yield separator + _json(rows)[1:-1]
        separator = b","
    yield b"]]\n"


def _api(row: Any) -> StoredApi:
    confirmed_at, instance, policies, tiers, contracts = row
    content = ApiContent(
        instance=ApiInstance(*instance),
        policies=tuple(map(_policy, policies)),
        tiers={tier.tier_id: tier for tier in map(_tier, tiers)},
        contracts={contract.contract_id: contract for contract in map(_contract, contracts)},
    )
    return StoredApi(content, WallTime(float(confirmed_at)))


def _policy_row(policy: AppliedPolicy) -> list[Any]:
    return [
        policy.policy_id,
        policy.policy_type,
        dict(policy.configuration),
        policy.order,
        [[pointcut.method_regex, pointcut.path_regex] for pointcut in policy.pointcuts],
        policy.automated,
        policy.fault,
    ]


def _policy(row: Any) -> AppliedPolicy:
    policy_id, policy_type, configuration, order, pointcuts, automated, fault = row
    parts = tuple(Pointcut(*pointcut) for pointcut in pointcuts)
    return AppliedPolicy(policy_id, policy_type, configuration, order, parts, automated, fault)


def _tier_row(tier: SlaTier) -> list[Any]:
    limits = [[limit.maximum_requests, limit.period_ms] for limit in tier.limits]
    return [tier.tier_id, tier.name, limits]


def _tier(row: Any) -> SlaTier:
    tier_id, name, limits = row
    return SlaTier(tier_id, name, tuple(RateLimit(*limit) for limit in limits))


def _contract_row(contract: Contract) -> list[Any]:
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


def _contract(row: Any) -> Contract:
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
