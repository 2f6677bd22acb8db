"""The client applications of an environment file, for its contracts."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapter.platform_client.environment_file.entries import ApplicationEntry, ContractEntry
from adapter.platform_client.environment_file.reading import Reading


@dataclass(frozen=True, slots=True)
class Application:
    """A client application: its name, and its credentials."""

    name: str
    client_id: str | None
    secret_hash: str | None = field(repr=False)
    """SHA-256 of salt and secret, in hexadecimal; None if the file names no secret."""


class Applications:
    """Finds applications by name or client id."""

    def __init__(self, rows: Iterable[object], reading: Reading) -> None:
        self._by_name: dict[str, list[Application]] = {}
        self._by_client_id: dict[str, Application] = {}
        for number, row in enumerate(rows):
            place = f"applications.{number}"
            entry = reading.entry(ApplicationEntry, row, place)
            if entry is not None:
                self._add(entry, place, row, reading)

    def _add(self, entry: ApplicationEntry, place: str, row: object, reading: Reading) -> None:
        hashed = None
        if entry.client_secret is not None:
            salted = reading.salt + entry.client_secret
            hashed = hashlib.sha256(salted.encode()).hexdigest()
        application = Application(entry.name, entry.client_id, hashed)
        self._by_name.setdefault(entry.name, []).append(application)
        if entry.client_id is None:
            return
        if entry.client_id in self._by_client_id:
            reading.faults.add(f"{place}.clientId", "another application has it, too", row)
        self._by_client_id[entry.client_id] = application

    def of(self, contract: ContractEntry) -> Application | str:
        """The application of a contract, or why there is none."""
        named = (contract.application, contract.client_id)
        if None not in named or named == (None, None):
            return "give either the application's name (application) or its clientId"
        if contract.client_id is not None:
            found = self._by_client_id.get(contract.client_id)
            return found or f"no application has the clientId {contract.client_id!r}"
        namesakes = self._by_name.get(contract.application or "", [])
        if len(namesakes) > 1:
            return f"several applications are called {contract.application!r}; give the clientId"
        return namesakes[0] if namesakes else f"no application is called {contract.application!r}"
