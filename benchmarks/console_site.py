"""A control plane with much in it: API instances, contracts, audit entries, events and more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert

from control_plane.accounts.credentials import Credentials
from control_plane.clock import epoch_ms
from control_plane.services import Services
from control_plane.store.tables import (
    Alert,
    AlertStanding,
    ApiInstance,
    Asset,
    AuditEntry,
    Base,
    ClientApplication,
    Contract,
    Policy,
    SlaTier,
)
from control_plane.store.tables.events import events

Rows = Iterator[dict[str, Any]]

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    apis: int = 1_000
    applications: int = 10_000
    contracts: int = 100_000
    audit_entries: int = 100_000
    alerts: int = 500
    events: int = 100_000
    """All of them of the last day."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the rows belong to."""

    credentials: Credentials
    now: datetime
    size: Size

    def fill(self, services: Services) -> None:
        """Write everything straight into the tables, which is faster than by use cases."""
        with services.database.connection(write=True) as connection:
            for table, rows in (
                (Asset, self._assets()),
                (ApiInstance, self._apis()),
                (SlaTier, self._tiers()),
                (Policy, self._policies()),
                (ClientApplication, self._applications()),
                (Contract, self._contracts()),
                (AuditEntry, self._audit_entries()),
                (Alert, self._alerts()),
                (AlertStanding, self._standings()),
            ):
                for batch in _batches(rows):
                    connection.execute(insert(_table(table)), batch)
        names = [column.name for column in events.columns]
        for batch in _batches(self._events()):
            values = [tuple(row[name] for name in names) for row in batch]
            services.events.add(values, services.clock.now())

    def _owned(self) -> dict[str, Any]:
        known = self.credentials
        return {"organization_id": known.organization_id, "environment_id": known.environment_id}

    def _alerts(self) -> Rows:
        for number in range(1, self.size.alerts + 1):
            yield self._owned() | {
                "id": number,
                "uid": str(number),
                "api_id": number % self.size.apis + 1,
                "name": f"Alert {number}",
                "enabled": True,
                "severity": "CRITICAL",
                "kind": "api-error-rate",
                "operator": "GREATER_THAN",
                "threshold": 5.0,
                "percent": 95,
                "period_count": 1,
                "period_unit": "HOURS",
                "periods": 1,
                "minimum": 1,
                "repeat_minutes": 60,
                "recipients": [],
                "created_at": self.now,
            }

    def _standings(self) -> Rows:
        for number in range(1, self.size.alerts + 1):
            yield {
                "alert_id": number,
                "due_at": self.now,
                "word": "triggered",
                "value": 9.5,
                "detail": "",
                "triggered_at": self.now,
                "memory": {},
                "sent": 0,
                "failed": 0,
            }

    def _assets(self) -> Rows:
        environment_id = self.credentials.environment_id
        for number in range(1, self.size.apis + 1):
            yield {
                "id": number,
                "environment_id": environment_id,
                "group_id": "org.example",
                "asset_id": f"api-{number}",
                "created_at": self.now,
            }

    def _apis(self) -> Rows:
        for number in range(1, self.size.apis + 1):
            yield self._owned() | {
                "id": number,
                "asset_row_id": number,
                "asset_version": "1.0.0",
                "tags": [],
                "deprecated": False,
                "technology": "flexGateway",
                "created_at": self.now,
                "policies_changed_at": self.now,
            }

    def _tiers(self) -> Rows:
        limits = [{"maximumRequests": 100, "timePeriodInMilliseconds": 60_000, "visible": True}]
        for number in range(1, self.size.apis + 1):
            yield {
                "id": number,
                "api_id": number,
                "name": "Gold",
                "limits": limits,
                "status": "ACTIVE",
                "auto_approve": False,
                "created_at": self.now,
            }

    def _policies(self) -> Rows:
        for number in range(1, self.size.apis * 3 + 1):
            yield {
                "id": number,
                "api_id": number % self.size.apis + 1,
                "group_id": "68ef9520-24e9-4cf2-b2f5-620025690913",
                "asset_id": "client-id-enforcement",
                "asset_version": "1.0.0",
                "configuration": {},
                "order": number,
                "disabled": False,
                "created_at": self.now,
            }

    def _applications(self) -> Rows:
        for number in range(1, self.size.applications + 1):
            yield {
                "id": number,
                "organization_id": self.credentials.organization_id,
                "name": f"Application {number}",
                "redirect_uris": [],
                "client_id": f"client-{number}",
                "created_at": self.now,
            }

    def _contracts(self) -> Rows:
        for number in range(self.size.contracts):
            api_id = number % self.size.apis + 1
            application = (number // self.size.apis + number % self.size.apis * 7) % (
                self.size.applications
            )
            yield {
                "id": number + 1,
                "api_id": api_id,
                "application_id": application + 1,
                "environment_id": self.credentials.environment_id,
                "status": "PENDING" if number % 20 == 0 else "APPROVED",
                "tier_id": None if number % 20 == 0 else api_id,
                "requested_tier_id": api_id if number % 20 == 0 else None,
                "accepted_terms": False,
                "change": number + 1,
                "created_at": self.now,
            }

    def _audit_entries(self) -> Rows:
        for number in range(self.size.audit_entries):
            yield {
                "organization_id": self.credentials.organization_id,
                "at": self.now - timedelta(seconds=self.size.audit_entries - number),
                "actor": f"user-{number % 7}",
                "role": "owner",
                "kind": "contract",
                "object_id": number + 1,
                "api_id": number % self.size.apis + 1,
                "action": "approve",
                "before": {"status": "PENDING"},
                "after": {"status": "APPROVED"},
            }

    def _events(self) -> Rows:
        day_ms = 24 * 3_600_000
        unsaid = dict.fromkeys(column.name for column in events.columns)
        for number in range(self.size.events):
            denied = number % 30 == 0
            yield (
                unsaid
                | self._owned()
                | {
                    "event_id": f"event-{number}",
                    "api_id": number % self.size.apis + 1,
                    "received_ms": epoch_ms(self.now) - number * day_ms // self.size.events,
                    "response_time_ms": number % 500,
                    "verb": "GET",
                    "path": f"/orders/{number % 1000}",
                    "path_template": "/orders/{id}",
                    "agent": "curl",
                    "status_code": 401 if denied else 500 if number % 50 == 0 else 200,
                    "request_bytes": 100,
                    "response_bytes": 1000,
                    "request_disposition": "BLOCKED" if denied else "PROCESSED",
                }
            )


def _table(mapped: type[Base]) -> Table:
    table = mapped.__table__
    assert isinstance(table, Table)
    return table


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
