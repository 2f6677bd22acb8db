"""The changes that adapters have to put in force, by their number in the audit log.

That number is the *revision*. Answers to gateways name the newest one (`x-platform-revision`),
which says that they contain all changes up to it. Adapters report these numbers back.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

from sqlalchemy import Row, func, or_, select
from sqlalchemy.orm import Session

from control_plane.store.tables import ApiInstance, AuditEntry, AutomatedPolicy, Contract

MOST: Final = 2_000
"""Changes that are looked at. More of them count as this many."""


class Part(StrEnum):
    """What a change is about, as adapters fetch it."""

    POLICIES = "policies"
    TIERS = "tiers"
    CONTRACTS = "contracts"
    AUTOMATED = "automated"
    """Automated policies."""
    INSTANCES = "instances"
    """Which API instances there are."""


SLOW_POLL: Final = timedelta(minutes=1)
"""How often adapters fetch SLA tiers and the list of API instances."""
SLOW_PARTS: Final = frozenset({Part.TIERS, Part.INSTANCES})

_PARTS: Final = {
    "policy": Part.POLICIES,
    "tier": Part.TIERS,
    "contract": Part.CONTRACTS,
    "application": Part.CONTRACTS,
    "automated_policy": Part.AUTOMATED,
    "api": Part.INSTANCES,
}


_NAMING: Final = frozenset({"api", "automated_policy"})
"""Kinds of entries whose environment may be known from their values only: the row may be gone."""

_Entries: TypeAlias = "Sequence[Row[int, datetime, str, str, int, int | None]]"


_Thing: TypeAlias = tuple[str, int]
"""A kind and an id, as in audit entries."""


class Change(NamedTuple):
    """One change."""

    number: int
    at: datetime
    part: Part
    api_id: int | None
    """None: all API instances of the environment."""


_entries: Final = (
    select(
        AuditEntry.id,
        AuditEntry.at,
        AuditEntry.kind,
        AuditEntry.action,
        AuditEntry.object_id,
        AuditEntry.api_id,
    )
    .where(AuditEntry.kind.in_(_PARTS))
    # What changes about an API instance itself, such as its label, is not enforced.
    .where(or_(AuditEntry.kind != "api", AuditEntry.action != "change"))
    .order_by(AuditEntry.id.desc())
)


def newest(session: Session) -> int:
    """The revision of the database. Ask first in a transaction: what is read later contains it."""
    return session.scalar(select(func.max(AuditEntry.id))) or 0


def since(
    session: Session, organization_id: str, environment_id: str, number: int
) -> Sequence[Change]:
    """The environment's changes after that number, newest first; at most the newest `MOST`."""
    query = _entries.where(
        AuditEntry.organization_id == organization_id, AuditEntry.id > number
    ).limit(MOST)
    return _of_environment(session, environment_id, session.execute(query).all())


def latest_of_api(session: Session, organization_id: str, api: ApiInstance) -> Change | None:
    """The last change that is about the API instance; None if the audit log has none any more."""
    own = session.execute(_entries.where(AuditEntry.api_id == api.id).limit(1)).all()
    found = [*_of_environment(session, api.environment_id, own)]
    floor = max(newest(session) - MOST, found[0].number if found else 0)
    recent = since(session, organization_id, api.environment_id, floor)
    found += [change for change in recent if change.api_id in (None, api.id)]
    return max(found, default=None)


def _of_environment(session: Session, environment_id: str, found: _Entries) -> list[Change]:
    ours = set(_api_ids(session, environment_id))
    environments = _environments(session, found)
    holders = _apis_of_applications(session, environment_id, found)
    changes: list[Change] = []
    for row in found:
        part = _PARTS[row.kind]
        if row.kind in _NAMING and row.action != "reorder_policies":
            if environment_id in environments[row.kind, row.object_id]:
                changes.append(Change(row.id, row.at, part, row.api_id))
        elif row.kind == "application":
            changes += (Change(row.id, row.at, part, i) for i in holders[row.object_id])
        elif row.api_id in ours:
            part = Part.POLICIES if row.kind == "api" else part
            changes.append(Change(row.id, row.at, part, row.api_id))
    return changes


def _api_ids(session: Session, environment_id: str) -> Iterable[int]:
    return session.scalars(
        select(ApiInstance.id).where(ApiInstance.environment_id == environment_id)
    )


def _environments(session: Session, found: _Entries) -> dict[_Thing, set[str]]:
    """The environments of things that may be gone, by what their entries say.

    The entry of a change names only what changed, but that of the deletion names everything.
    """
    entry_ids = [row.id for row in found if row.kind in _NAMING]
    environments: dict[_Thing, set[str]] = defaultdict(set)
    if not entry_ids:
        return environments
    entry = AuditEntry
    rows = session.execute(
        select(
            entry.kind,
            entry.object_id,
            entry.before,
            entry.after,
            AutomatedPolicy.environment_id,
        )
        .outerjoin(
            AutomatedPolicy,
            (AutomatedPolicy.id == entry.object_id) & (entry.kind == "automated_policy"),
        )
        .where(entry.id.in_(entry_ids))
    )
    for kind, object_id, before, after, now in rows:
        named = (now, *((values or {}).get("environment_id") for values in (before, after)))
        environments[kind, object_id] |= {name for name in named if isinstance(name, str)}
    return environments


def _apis_of_applications(
    session: Session, environment_id: str, found: _Entries
) -> dict[int, list[int]]:
    """The API instances of the environment that each changed application has a contract for."""
    ids = {row.object_id for row in found if row.kind == "application"}
    holders: dict[int, list[int]] = defaultdict(list)
    if ids:
        rows = session.execute(
            select(Contract.application_id, Contract.api_id)
            .where(Contract.application_id.in_(ids), Contract.environment_id == environment_id)
            .limit(10 * MOST)
        )
        for application_id, api_id in rows:
            holders[application_id].append(api_id)
    return holders
