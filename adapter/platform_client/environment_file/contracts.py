"""From a file's contracts to those of our catalog, through the platform's documents."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from adapter.platform_client.environment_file.applications import Application, Applications
from adapter.platform_client.environment_file.entries import ContractEntry
from adapter.platform_client.environment_file.reading import Reading
from adapter.platform_client.protocol.translate import contract_changes
from adapter.policy.contracts.contract import Contract


def contracts_of_api(
    rows: Iterable[object],
    place: str,
    applications: Applications,
    tiers: Collection[str],
    known: Mapping[str, Contract],
    reading: Reading,
) -> dict[str, Contract]:
    """The approved contracts of an API by id. An unchanged one is the object in `known`."""
    found: dict[str, Contract] = {}

    def report(why: str) -> None:
        reading.faults.add(place, why)

    for document in _documents(rows, place, applications, tiers, reading):
        changes = contract_changes((document,), known, "salt+secret", report)
        found.update((i, contract) for i, contract in changes if contract is not None)
    return found


def _documents(
    rows: Iterable[object],
    place: str,
    applications: Applications,
    tiers: Collection[str],
    reading: Reading,
) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for number, row in enumerate(rows):
        here = f"{place}.{number}"
        entry = reading.entry(ContractEntry, row, here)
        if entry is None:
            continue
        found = applications.of(entry)
        why = found if isinstance(found, str) else _fault(found, entry, tiers, seen)
        if why is not None:
            reading.faults.add(here, why, row)
        elif not isinstance(found, str) and entry.status == "APPROVED":
            yield _document(found, entry, reading.salt)


def _fault(
    application: Application, entry: ContractEntry, tiers: Collection[str], seen: set[str]
) -> str | None:
    client_id = application.client_id
    if client_id is None:
        return f"application {application.name!r} has no clientId, by which requests name it"
    if client_id in seen:
        return f"application {application.name!r} has another contract for this API"
    seen.add(client_id)
    if entry.tier is not None and entry.tier not in tiers:
        return f"the API has no tier {entry.tier!r}"
    return None


def _document(application: Application, entry: ContractEntry, salt: str) -> dict[str, Any]:
    return {
        # An application has one contract for an API, and its client id never changes.
        "contractId": application.client_id,
        "clientId": application.client_id,
        "clientName": application.name,
        "clientSecret": application.secret_hash,
        "clientSecretSalt": salt,
        "slaTierId": entry.tier,
    }
