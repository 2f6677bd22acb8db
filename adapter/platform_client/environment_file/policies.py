"""From a file's policies to applied policies, through the platform's documents."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from adapter.platform_client.environment_file.entries import (
    AutomatedPolicyEntry,
    OwnPolicyEntry,
    PointcutEntry,
    PolicyEntry,
)
from adapter.platform_client.environment_file.reading import Reading
from adapter.platform_client.protocol.applied_policies import (
    automated_policies_from,
    policies_from,
)
from adapter.platform_client.protocol.masked_secrets import masked_places
from adapter.policy.catalog import AppliedPolicy


def own_policies(rows: Iterable[object], place: str, reading: Reading) -> tuple[AppliedPolicy, ...]:
    """The policies of an API, without disabled ones."""
    return policies_from(list(_documents(OwnPolicyEntry, rows, place, "", reading)))


def automated_policies(rows: Iterable[object], reading: Reading) -> tuple[AppliedPolicy, ...]:
    """The automated policies, without disabled ones and those for Mule runtimes only."""
    place = "automatedPolicies"
    # Their ids differ from those of an API's own policies, since quotas are counted by id.
    documents = list(_documents(AutomatedPolicyEntry, rows, place, "automated-", reading))
    return automated_policies_from(documents, "", lambda _: None)


def _documents(
    kind: type[PolicyEntry], rows: Iterable[object], place: str, prefix: str, reading: Reading
) -> Iterator[dict[str, Any]]:
    """Each policy as the platform lists it.

    A policy without an id has its number among those of its type, so that it keeps its quotas when
    policies of other types come and go.
    """
    numbers: Counter[str] = Counter()
    seen: set[tuple[str, int]] = set()
    for order, row in enumerate(rows):
        here = f"{place}.{order}"
        entry = reading.entry(kind, row, here)
        if entry is None:
            continue
        numbers[entry.asset_id] += 1
        number = entry.id or numbers[entry.asset_id]
        if (entry.asset_id, number) in seen:
            reading.faults.add(
                f"{here}.id", f"another policy of this type has the id {number}", row
            )
        seen.add((entry.asset_id, number))
        masked = () if entry.disabled else masked_places(entry.configuration_data or {})
        for inner in masked:
            reading.faults.add(
                f"{here}.configurationData.{inner}",
                "is a mask; write a reference to the value, such as ${NAME} or ${file:PATH}",
                row,
            )
        pointcuts = list(_pointcuts(entry.pointcut_data or [], f"{here}.pointcutData", reading))
        if not masked:
            yield _document(entry, f"{prefix}{number}", order, pointcuts)


def _pointcuts(rows: Iterable[object], place: str, reading: Reading) -> Iterator[dict[str, Any]]:
    for number, row in enumerate(rows):
        entry = reading.entry(PointcutEntry, row, f"{place}.{number}")
        if entry is not None:
            yield entry.model_dump(by_alias=True)


def _document(
    entry: PolicyEntry, policy_id: str, order: int, pointcuts: list[dict[str, Any]]
) -> dict[str, Any]:
    scope = entry.rule_of_application if isinstance(entry, AutomatedPolicyEntry) else None
    return {
        "id": policy_id,
        "assetId": entry.asset_id,
        # As a platform would send it: plain texts and objects, which compiled code expects.
        "configurationData": json.loads(json.dumps(entry.configuration_data)),
        "pointcutData": pointcuts,
        "order": order,
        "disabled": entry.disabled,
        "ruleOfApplication": scope,
    }
