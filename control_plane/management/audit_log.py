"""The audit log: who changed what, and when. Use cases write it, in their own transaction.

There is one entry for each thing that a use case changes by itself, and one for each contract that
changes with it. Rows that the database deletes along with an API instance have no entries: the
entry of the API instance stands for them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, inspect, select, tuple_
from sqlalchemy.orm import Session

from control_plane.clock import iso
from control_plane.management.masked_secrets import masked
from control_plane.management.transaction import Transaction
from control_plane.store.tables import (
    Adapter,
    Alert,
    ApiInstance,
    AuditEntry,
    AutomatedPolicy,
    Base,
    ClientApplication,
    ConnectedApp,
    Contract,
    DiscoveredService,
    Environment,
    GatewayLogin,
    Policy,
    SlaTier,
    Upstream,
    User,
    UserToken,
)

KINDS: Final[dict[type[Base], str]] = {
    ApiInstance: "api",
    Upstream: "upstream",
    Policy: "policy",
    AutomatedPolicy: "automated_policy",
    SlaTier: "tier",
    ClientApplication: "application",
    Contract: "contract",
    User: "user",
    UserToken: "token",
    Adapter: "adapter",
    DiscoveredService: "service",
    Environment: "environment",
    Alert: "alert",
    ConnectedApp: "connected_app",
    GatewayLogin: "gateway",
}

MAX_VALUE: Final = 4096
"""Characters of JSON that are kept of one value. Longer ones are left out."""

MAX_ENTRIES: Final = 1_000_000
"""The oldest entries beyond this number are deleted."""

_Values = dict[str, Any]


def record_creation(transaction: Transaction, row: Base, action: str = "create") -> None:
    """Write the entry for a new row."""
    transaction.session.flush()
    _write(transaction, _entry(transaction, row, action), None, _values(row))


def record_deletion(transaction: Transaction, row: Base) -> None:
    """Write the entry for a row that is about to be deleted."""
    _write(transaction, _entry(transaction, row, "delete"), _values(row), None)


@contextmanager
def recorded_change(
    transaction: Transaction, row: Base, action: str = "change"
) -> Iterator[AuditEntry]:
    """Write the entry for what the block changes about the row; only values that differ.

    The block gets the entry, and may set a better `action`.
    """
    entry, before = _entry(transaction, row, action), _values(row)
    yield entry
    transaction.session.flush()
    after = _values(row)
    names = [name for name in before if before[name] != after[name]]
    _write(
        transaction,
        entry,
        {name: before[name] for name in names},
        {name: after[name] for name in names},
    )


def record_reordering(
    transaction: Transaction, api: ApiInstance, before: Sequence[int], after: Sequence[int]
) -> None:
    """Write the entry for a new order of an API instance's policies, given as policy ids."""
    entry = _entry(transaction, api, "reorder_policies")
    _write(transaction, entry, {"policies": [*before]}, {"policies": [*after]})


def record_apply(
    transaction: Transaction, environment: Environment, counts: Mapping[str, int]
) -> None:
    """Write the entry for an environment file that is applied: how many changes of each kind."""
    entry = _entry(transaction, environment, "apply")
    values = {"id": environment.id, "name": environment.name, **counts}
    _write(transaction, entry, None, values)


def _values(row: Base) -> _Values:
    names = [attribute.key for attribute in inspect(type(row)).column_attrs]
    values = {name: _plain(getattr(row, name)) for name in names}
    if isinstance(row, ApiInstance):
        # The asset may be deleted later, and its id alone would then tell nothing.
        values |= {"group_id": row.asset.group_id, "asset_id": row.asset.asset_id}
    if isinstance(row, User | ConnectedApp):
        values["roles"] = {
            grant.environment_id or "all environments": grant.role for grant in row.grants
        }
    return values


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value


def _entry(transaction: Transaction, row: Any, action: str) -> AuditEntry:
    actor, kind, row_id = transaction.actor, KINDS[type(row)], getattr(row, "id", None)
    return AuditEntry(
        organization_id=transaction.organization_id,
        at=transaction.now,
        actor=actor.name,
        role=actor.role,
        address=actor.address,
        kind=kind,
        # The id of an environment or a gateway is a text, which is among the values.
        object_id=row_id if isinstance(row_id, int) else 0,
        api_id=row_id if kind == "api" else getattr(row, "api_id", None),
        action=action,
    )


def _write(
    transaction: Transaction, entry: AuditEntry, before: _Values | None, after: _Values | None
) -> None:
    entry.before, entry.after = _kept(before), _kept(after)
    session = transaction.session
    session.add(entry)
    session.flush()
    session.execute(delete(AuditEntry).where(AuditEntry.id <= entry.id - MAX_ENTRIES))


def _kept(values: _Values | None) -> _Values | None:
    return values and {name: _bounded(value) for name, value in masked(values).items()}


def _bounded(value: Any) -> Any:
    length = len(json.dumps(value))
    return value if length <= MAX_VALUE else f"(left out: {length} characters)"


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries are asked for; None asks for all."""

    kind: str | None = None
    object_id: int | None = None
    api_id: int | None = None
    actor: str | None = None
    since: datetime | None = None
    """The earliest time."""
    until: datetime | None = None
    """The first time that is too late."""


def entries(
    session: Session,
    organization_id: str,
    wanted: AuditFilter,
    *,
    before_id: int | None = None,
    limit: int = 100,
) -> Sequence[AuditEntry]:
    """Entries of the organization, newest first; `before_id` of the last one leads to more."""
    conditions = [
        AuditEntry.organization_id == organization_id,
        *(
            getattr(AuditEntry, name) == value
            for name in ("kind", "object_id", "api_id", "actor")
            if (value := getattr(wanted, name)) is not None
        ),
    ]
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    if before_id is not None:
        before = select(AuditEntry.at).where(AuditEntry.id == before_id).scalar_subquery()
        conditions.append(tuple_(AuditEntry.at, AuditEntry.id) < tuple_(before, before_id))
    query = select(AuditEntry).where(*conditions).order_by(*_order(wanted)).limit(limit)
    return session.scalars(query).all()


def _order(wanted: AuditFilter) -> list[ColumnElement[Any]]:
    """Newest first. Both orders are the same; each leads to the index that finds least."""
    newest_id = AuditEntry.id.desc()
    of_one_thing = wanted.object_id is not None or wanted.api_id is not None
    return [newest_id] if of_one_thing else [AuditEntry.at.desc(), newest_id]
