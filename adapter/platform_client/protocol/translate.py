"""From the platform's documents to our catalog.

A bad entry affects only itself: a bad contract gets a fault, which closes it, and a bad tier is
left out, which closes the contracts on it. For policies see `applied_policies`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from sys import intern
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from adapter.errors import DocumentError
from adapter.platform_client.protocol.documents import (
    AssetDocument,
    ContractDocument,
    InstanceDocument,
    TierDocument,
    faults,
)
from adapter.platform_client.protocol.field_types import UNKNOWN, flag, shown
from adapter.policy.catalog import ApiInstance, RateLimit, SlaTier
from adapter.policy.contracts.contract import Contract
from adapter.policy.contracts.hashed_secret import HashedSecret, SecretForm

UNKNOWN_HASH: Final = (
    "its client secret's hash has an unknown form: neither hexadecimal nor base64 of SHA-256"
)
REMOVAL_IN_DOUBT: Final = (
    "`removed` is neither true nor false, so the contract may have been revoked"
)

ReportFault: TypeAlias = Callable[[str], None]
"""Called with a message about each entry that had to be left out."""


def instance_from(document: InstanceDocument, asset: AssetDocument | None = None) -> ApiInstance:
    """An API instance with its asset's name."""
    names = (
        asset.name if asset else "",
        asset.asset_id if asset else "",
        document.asset_id,
        document.autodiscovery_instance_name,
        document.id,
    )
    return ApiInstance(
        api_id=document.id,
        name=next(filter(None, names)),
        version=document.asset_version or document.product_version,
    )


def instances_from(rows: Iterable[Any], report: ReportFault) -> dict[str, ApiInstance]:
    """All API instances by id, with or without assets; an unreadable one is left out."""
    found: dict[str, ApiInstance] = {}
    for row in rows:
        for instance in _instances_of(row, report):
            found[instance.api_id] = instance
    return found


def _instances_of(row: Any, report: ReportFault) -> Iterator[ApiInstance]:
    if isinstance(row, dict) and "apis" not in row:
        yield from _instances((row,), None, report)
        return
    try:
        asset = AssetDocument.model_validate(row)
    except ValidationError as e:
        report(f"an asset: {faults(e)}")
    else:
        yield from _instances(asset.apis, asset, report)


def _instances(
    rows: Iterable[Any], asset: AssetDocument | None, report: ReportFault
) -> Iterator[ApiInstance]:
    for row in rows:
        try:
            yield instance_from(InstanceDocument.model_validate(row), asset)
        except ValidationError as e:
            of = "" if asset is None else f" of asset {asset.name!r}"
            report(f"an API instance{of}: {faults(e)}")


def tiers_from(rows: Iterable[Any], report: ReportFault) -> dict[str, SlaTier]:
    """The SLA tiers by id, deprecated ones too; one that cannot be read is left out."""
    tiers: dict[str, SlaTier] = {}
    for row in rows:
        try:
            document = TierDocument.model_validate(row)
        except ValidationError as e:
            name = row.get("id") if isinstance(row, dict) else None
            report(f"SLA tier {shown(name)}: {faults(e)}")
            continue
        limits = (
            RateLimit(x.maximum_requests, x.time_period_in_milliseconds) for x in document.limits
        )
        tiers[document.id] = SlaTier(document.id, document.name, tuple(limits))
    return tiers


def unknown_secret_forms(contracts: Iterable[Contract | None]) -> int:
    """How many of them have a hashed secret in a form that we do not know."""
    return sum(1 for c in contracts if c is not None and c.fault == UNKNOWN_HASH)


class ContractChange(NamedTuple):
    """What one row of the feed says: the new state of a contract, or None if it ended."""

    contract_id: str
    contract: Contract | None


def contract_changes(
    rows: Iterable[Any], known: Mapping[str, Contract], form: SecretForm, report: ReportFault
) -> list[ContractChange]:
    """Read rows of the feed; a row without a readable contract id is left out."""
    changes: list[ContractChange] = []
    for row in rows:
        try:
            changes.append(_contract_change(row, known, form))
        except DocumentError as e:
            report(str(e))
    return changes


def _contract_change(row: Any, known: Mapping[str, Contract], form: SecretForm) -> ContractChange:
    removed = flag(row.get("removed")) if isinstance(row, dict) else None
    if removed is not False:
        contract_id = _contract_id(row)
        doubtful = None if removed else _closed(row, contract_id, known, REMOVAL_IN_DOUBT)
        return ContractChange(contract_id, doubtful)
    try:
        document = ContractDocument.model_validate(row)
    except ValidationError as e:
        contract_id = _contract_id(row)
        fault = f"the platform's description of it cannot be read: {faults(e)}"
        return ContractChange(contract_id, _closed(row, contract_id, known, fault))
    contract = _contract(document, form)
    before = known.get(contract.contract_id)
    # An unchanged contract is shared, so that reading the whole feed does not double the memory.
    return ContractChange(contract.contract_id, before if contract == before else contract)


def _contract(document: ContractDocument, form: SecretForm) -> Contract:
    secret, fault = _secret(document, form)
    # Interned, so that many contracts share one copy of their tier's id.
    tier_id = intern(document.sla_tier_id) if document.sla_tier_id is not None else None
    return Contract(
        document.contract_id, document.client_id, document.client_name, secret, tier_id, fault
    )


def _contract_id(row: Any) -> str:
    contract_id = shown(row.get("contractId")) if isinstance(row, dict) else UNKNOWN
    if contract_id == UNKNOWN:
        raise DocumentError("a contract without a readable contractId")
    return contract_id


def _closed(
    row: Mapping[str, Any], contract_id: str, known: Mapping[str, Contract], fault: str
) -> Contract:
    """The contract, closed under its client id, or the one that it had when last readable."""
    client_id = shown(row.get("clientId"))
    if client_id != UNKNOWN:
        return Contract(contract_id, client_id, fault=fault)
    if contract_id not in known:
        raise DocumentError(f"contract {contract_id}: {fault}")
    before = known[contract_id]
    return Contract(contract_id, before.client_id, before.client_name, before.secret, fault=fault)


def _secret(document: ContractDocument, form: SecretForm) -> tuple[HashedSecret | None, str | None]:
    """The hashed secret, and the fault if its form is unknown."""
    if not document.client_secret:
        return None, None
    try:
        salt, previous = document.client_secret_salt or "", document.previous_client_secret or ""
        return HashedSecret.parse(document.client_secret, salt, form, previous), None
    except ValueError:
        return None, UNKNOWN_HASH
