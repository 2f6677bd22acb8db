"""From the platform's documents to our catalog.

What is bad is closed by itself and named: a policy gets a fault (which closes its API), a contract
gets a fault (which closes that contract), a tier is left out (which closes the contracts on it).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from sys import intern
from typing import Any, Final, NamedTuple, TypeAlias

from pydantic import ValidationError

from adapter.errors import DocumentError
from adapter.platform_client.documents import (
    AssetDocument,
    ContractDocument,
    InstanceDocument,
    PolicyDocument,
    TierDocument,
    faults,
)
from adapter.platform_client.masking import masked_places
from adapter.policy.catalog import (
    ApiInstance,
    AppliedPolicy,
    Contract,
    Pointcut,
    RateLimit,
    SlaTier,
)
from adapter.policy.hashed_secret import HashedSecret, SecretForm

UNKNOWN_HASH: Final = (
    "its client secret's hash has an unknown form: neither hexadecimal nor base64 of SHA-256"
)
_DEFAULT_ORDER: Final = 50

Complain: TypeAlias = Callable[[str], None]
"""Told, in words, of what had to be left out."""


def instance_from(document: InstanceDocument, asset: AssetDocument | None = None) -> ApiInstance:
    """An API instance, named after its asset."""
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


def instances_from(rows: Iterable[Any], complain: Complain) -> dict[str, ApiInstance]:
    """All API instances of the assets, by id; one that cannot be read is left out."""
    found: dict[str, ApiInstance] = {}
    for row in rows:
        try:
            asset = AssetDocument.model_validate(row)
        except ValidationError as e:
            complain(f"an asset: {faults(e)}")
            continue
        for instance in _instances_of(asset, complain):
            found[instance.api_id] = instance
    return found


def _instances_of(asset: AssetDocument, complain: Complain) -> Iterator[ApiInstance]:
    for row in asset.apis:
        try:
            yield instance_from(InstanceDocument.model_validate(row), asset)
        except ValidationError as e:
            complain(f"an API instance of asset {asset.name!r}: {faults(e)}")


def policies_from(rows: Iterable[Any], *, automated: bool = False) -> tuple[AppliedPolicy, ...]:
    """The applied policies but the disabled ones; a bad one is kept, with its fault."""
    policies = (_policy(row, automated) for row in rows)
    return tuple(policy for policy in policies if policy is not None)


def automated_policies_from(rows: Iterable[Any], environment_id: str) -> tuple[AppliedPolicy, ...]:
    """The automated policies that apply to this environment."""
    return policies_from((row for row in rows if _applies_in(row, environment_id)), automated=True)


def _applies_in(row: Any, environment_id: str) -> bool:
    """Whether the rule of application names this environment, or none; when in doubt, yes."""
    scope = row.get("ruleOfApplication") if isinstance(row, dict) else None
    named = scope.get("environmentId") if isinstance(scope, dict) else None
    return not isinstance(named, str) or named == environment_id


def _policy(row: Any, automated: bool) -> AppliedPolicy | None:
    try:
        document = PolicyDocument.model_validate(row)
    except ValidationError as e:
        fields = row if isinstance(row, dict) else {}
        if fields.get("disabled") is True:
            return None
        return AppliedPolicy(
            policy_id=str(fields.get("id", "?")),
            policy_type=str(fields.get("assetId", "?")),
            configuration={},
            automated=automated,
            fault=f"the platform's description of it cannot be read: {faults(e)}",
        )
    if document.disabled:
        return None
    configuration = document.configuration_data or {}
    return AppliedPolicy(
        policy_id=document.id,
        policy_type=document.asset_id,
        configuration=configuration,
        order=_DEFAULT_ORDER if document.order is None else document.order,
        pointcuts=tuple(
            Pointcut(p.method_regex, p.uri_template_regex) for p in document.pointcut_data or ()
        ),
        automated=automated,
        fault=_mask_fault(configuration),
    )


def _mask_fault(configuration: Mapping[str, Any]) -> str | None:
    places = masked_places(configuration)
    if not places:
        return None
    return (
        f"{', '.join(places)}: the platform masks the value; enter it again in the policy, and "
        "give the gateway's client the right to read policy secrets"
    )


def tiers_from(rows: Iterable[Any], complain: Complain) -> dict[str, SlaTier]:
    """The SLA tiers by id, deprecated ones too; one that cannot be read is left out."""
    tiers: dict[str, SlaTier] = {}
    for row in rows:
        try:
            document = TierDocument.model_validate(row)
        except ValidationError as e:
            name = row.get("id", "?") if isinstance(row, dict) else "?"
            complain(f"SLA tier {name}: {faults(e)}")
            continue
        limits = (
            RateLimit(x.maximum_requests, x.time_period_in_milliseconds) for x in document.limits
        )
        tiers[document.id] = SlaTier(document.id, document.name, tuple(limits))
    return tiers


class ContractChange(NamedTuple):
    """What one row of the feed says: this contract is now so, or (None) it is no more."""

    contract_id: str
    contract: Contract | None


def contract_changes(
    rows: Iterable[Any], known: Mapping[str, Contract], form: SecretForm, complain: Complain
) -> list[ContractChange]:
    """Read rows of the feed; one without a usable contract id grants nothing and is left out."""
    changes: list[ContractChange] = []
    for row in rows:
        try:
            changes.append(_contract_change(row, known, form))
        except DocumentError as e:
            complain(str(e))
    return changes


def _contract_change(row: Any, known: Mapping[str, Contract], form: SecretForm) -> ContractChange:
    contract_id = _contract_id(row)
    if row.get("removed"):
        return ContractChange(contract_id, None)
    try:
        document = ContractDocument.model_validate(row)
    except ValidationError as e:
        fault = f"the platform's description of it cannot be read: {faults(e)}"
        return ContractChange(contract_id, _closed(row, contract_id, known, fault))
    secret, secret_fault = _secret(document, form)
    # Interned, or each of very many contracts would hold its own copy of one tier's id.
    tier_id = intern(document.sla_tier_id) if document.sla_tier_id is not None else None
    contract = Contract(
        contract_id, document.client_id, document.client_name, secret, tier_id, secret_fault
    )
    before = known.get(contract_id)
    # What is known is shared: a whole pass over the feed must not double the memory.
    return ContractChange(contract_id, before if contract == before else contract)


def _contract_id(row: Any) -> str:
    contract_id = row.get("contractId") if isinstance(row, dict) else None
    if isinstance(contract_id, bool) or not isinstance(contract_id, int | str) or contract_id == "":
        raise DocumentError("a contract without a contractId")
    return str(contract_id)


def _closed(
    row: Mapping[str, Any], contract_id: str, known: Mapping[str, Contract], fault: str
) -> Contract:
    """The contract, closed under the client id that it has, or had when last it was readable."""
    client_id = row.get("clientId")
    if isinstance(client_id, str) and client_id:
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
        return HashedSecret.parse(document.client_secret, document.client_secret_salt, form), None
    except ValueError:
        return None, UNKNOWN_HASH
