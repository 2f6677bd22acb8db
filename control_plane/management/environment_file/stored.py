"""Reads what an environment contains from the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from control_plane.accounts.hashing import SaltedSecret
from control_plane.management.environment_file.content import (
    API_DEFAULTS,
    APPLICATION_DEFAULTS,
    AUTOMATED_DEFAULTS,
    DEFAULT_ORDER,
    POLICY_DEFAULTS,
    TIER_DEFAULTS,
    Api,
    Application,
    Content,
    Contract,
    Policy,
    Tier,
)
from control_plane.management.environment_file.routes import stored_routes
from control_plane.store import tables
from control_plane.store.tables import ApiInstance, AuditEntry, Base

_KINDS: Final = ("api", "policy", "automated_policy", "tier", "application", "contract", "upstream")
_ADDED_TO_RULES: Final = frozenset({"environmentId", "organizationId"})

Row = TypeVar("Row", tables.Policy, tables.SlaTier, tables.Contract)


def revision_of(session: Session, organization_id: str) -> int:
    """The number of the organization's last change of anything that files hold."""
    query = select(func.max(AuditEntry.id)).where(
        AuditEntry.organization_id == organization_id, AuditEntry.kind.in_(_KINDS)
    )
    return session.scalar(query) or 0


def stored_content(session: Session, organization_id: str, environment_id: str) -> Content:
    """The environment's content, with all applications of its organization."""
    apis = select(ApiInstance).where(ApiInstance.environment_id == environment_id)
    apis = apis.options(selectinload(ApiInstance.upstreams))
    policies = _by_api(session, tables.Policy, environment_id)
    tiers = _by_api(session, tables.SlaTier, environment_id)
    contracts = _by_api(session, tables.Contract, environment_id)
    applications = select(tables.ClientApplication).where(
        tables.ClientApplication.organization_id == organization_id
    )
    return Content(
        apis=[
            Api(
                row.asset.group_id,
                row.asset.asset_id,
                {**_columns(row, API_DEFAULTS), "routing": stored_routes(row)},
                _policies(policies[row.id], POLICY_DEFAULTS),
                [*map(_tier, tiers[row.id])],
                [*map(_contract, contracts[row.id])],
                row.id,
            )
            for row in session.scalars(apis.order_by(ApiInstance.id))
        ],
        applications=[
            _application(row)
            for row in session.scalars(applications.order_by(tables.ClientApplication.id))
        ],
        automated=_policies(_automated(session, environment_id), AUTOMATED_DEFAULTS),
    )


def _by_api(session: Session, table: type[Row], environment_id: str) -> Mapping[int, list[Row]]:
    """The rows of all API instances, with one query."""
    query: Select[Row] = select(table).join(ApiInstance, table.api_id == ApiInstance.id)
    query = query.where(ApiInstance.environment_id == environment_id).order_by(table.id)
    found: dict[int, list[Row]] = defaultdict(list)
    for row in session.scalars(query):
        found[row.api_id].append(row)
    return found


def _automated(session: Session, environment_id: str) -> list[tables.AutomatedPolicy]:
    query = select(tables.AutomatedPolicy)
    query = query.where(tables.AutomatedPolicy.environment_id == environment_id)
    return [*session.scalars(query)]


def _policies(
    rows: Sequence[tables.Policy | tables.AutomatedPolicy], names: Iterable[str]
) -> list[Policy]:
    return [
        Policy(_simplified(_columns(row, names)), row.id, place)
        for place, row in enumerate(sorted(rows, key=_place))
    ]


def _place(row: tables.Policy | tables.AutomatedPolicy) -> tuple[int, int]:
    return (DEFAULT_ORDER if row.order is None else row.order, row.id)


def _columns(row: Base, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


def _simplified(columns: dict[str, Any]) -> dict[str, Any]:
    """Without what says nothing: an empty pointcut means the whole API, as none does."""
    columns["pointcut"] = columns["pointcut"] or None
    rule = columns.get("rule_of_application")
    if isinstance(rule, dict):
        kept = rule.keys() - _ADDED_TO_RULES
        columns["rule_of_application"] = {name: rule[name] for name in sorted(kept)}
    return columns


def _tier(row: tables.SlaTier) -> Tier:
    return Tier(_columns(row, TIER_DEFAULTS), row.id)


def _application(row: tables.ClientApplication) -> Application:
    hashed = None
    if row.secret_salt is not None and row.secret_hash is not None:
        hashed = SaltedSecret(row.secret_salt, row.secret_hash)
    columns = _columns(row, APPLICATION_DEFAULTS)
    return Application(columns, row.client_id, hashed=hashed, id=row.id)


def _contract(row: tables.Contract) -> Contract:
    return Contract(
        row.status,
        row.tier.name if row.tier else None,
        row.requested_tier.name if row.requested_tier else None,
        row.application.client_id,
        row.application.name,
        row.id,
    )
