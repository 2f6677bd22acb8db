# mypyc: compiled
"""The catalog as lines of JSON: the environment first, then one line for each API.

Each API has its own line, so that little is parsed at once, and is encoded in pieces.
"""

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final, NamedTuple

from adapter.platform_client.disk.rows import (
    contract_of,
    contract_row,
    policy_of,
    policy_row,
    tier_of,
    tier_row,
)
from adapter.policy.catalog import ApiContent, ApiInstance, AppliedPolicy
from adapter.runtime.clock import WallTime

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
    yield _json([environment, [policy_row(policy) for policy in catalog.automated]]) + b"\n"
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
        return StoredCatalog(tuple(map(policy_of, automated)), apis)
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
        [policy_row(policy) for policy in content.policies],
        [tier_row(tier) for tier in content.tiers.values()],
    ]
    yield _json(head)[:-1] + b",["
    contracts = iter(content.contracts.values())
    separator = b""
    while rows := [contract_row(contract) for contract in islice(contracts, _ROWS_AT_ONCE)]:
        yield separator + _json(rows)[1:-1]
        separator = b","
    yield b"]]\n"


def _api(row: Any) -> StoredApi:
    confirmed_at, instance, policies, tiers, contracts = row
    content = ApiContent(
        instance=ApiInstance(*instance),
        policies=tuple(map(policy_of, policies)),
        tiers={tier.tier_id: tier for tier in map(tier_of, tiers)},
        contracts={contract.contract_id: contract for contract in map(contract_of, contracts)},
    )
    return StoredApi(content, WallTime(float(confirmed_at)))
