"""Environments of an organization, such as Production and Sandbox."""

import uuid
from functools import partial
from typing import Final, Literal, NamedTuple

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.texts import same_name
from control_plane.management.transaction import Transaction
from control_plane.store.tables import (
    Adapter,
    Alert,
    ApiInstance,
    AutomatedPolicy,
    Base,
    ConnectedAppGrant,
    Contract,
    DiscoveredService,
    Environment,
    GatewayLogin,
    Policy,
    RoleGrant,
    SlaTier,
)

MAX_ENVIRONMENTS: Final = 50
MAX_NAME: Final = 100

EnvironmentType = Literal["production", "sandbox", "design"]
"""What an environment is for. Nothing here depends on it, but people and tools read it."""
PRODUCTION: Final = "production"
SANDBOX: Final = "sandbox"


def of_organization(organization_id: str) -> Select[Environment]:
    """The organization's environments."""
    return select(Environment).where(Environment.organization_id == organization_id)


def get(session: Session, organization_id: str, environment_id: str) -> Environment:
    """The environment; raise NotFound if the organization has none with this id."""
    environment = session.get(Environment, environment_id)
    if environment is None or environment.organization_id != organization_id:
        raise NotFound(f"environment {environment_id!r} not found")
    return environment


def create(transaction: Transaction, name: str, environment_type: str) -> Environment:
    """Add an environment. Users with a role in all environments have it there too."""
    _require_free_name(transaction, name)
    own = of_organization(transaction.organization_id).subquery()
    number = transaction.session.scalar(select(func.count()).select_from(own)) or 0
    if number >= MAX_ENVIRONMENTS:
        raise Invalid(f"the organization has {MAX_ENVIRONMENTS} environments already")
    environment = Environment(
        id=str(uuid.uuid4()),
        organization_id=transaction.organization_id,
        name=name,
        type=environment_type,
    )
    transaction.session.add(environment)
    audit_log.record_creation(transaction, environment)
    return environment


def change(
    transaction: Transaction, environment: Environment, name: str, environment_type: str
) -> Environment:
    """Give the environment another name or type. Its id, which adapters use, stays."""
    _require_free_name(transaction, name, environment.id)
    with audit_log.recorded_change(transaction, environment):
        environment.name, environment.type = name, environment_type
    return environment


def _require_free_name(transaction: Transaction, name: str, but: str = "") -> None:
    others = of_organization(transaction.organization_id).where(Environment.id != but)
    if any(same_name(other.name, name) for other in transaction.session.scalars(others)):
        raise Conflict(f"name: there is an environment {name} already")


class Content(NamedTuple):
    """What is lost with an environment, as numbers."""

    apis: int
    policies: int
    tiers: int
    contracts: int
    approved: int
    """How many of the contracts are approved."""
    automated: int
    """Automated policies."""
    alerts: int
    adapters: int
    services: int
    """Discovered services."""
    gateways: int
    """Credentials of gateways."""
    users: int
    """Those who have a role in this environment only."""
    apps: int
    """Connected apps that have a role in this environment only."""


def content(session: Session, environment: Environment) -> Content:
    """How much is lost with the environment."""
    number = partial(_number, session, environment)
    elsewhere = select(RoleGrant.user_id).where(
        RoleGrant.environment_id.is_distinct_from(environment.id)
    )
    apps_elsewhere = select(ConnectedAppGrant.app_id).where(
        ConnectedAppGrant.environment_id.is_distinct_from(environment.id)
    )
    return Content(
        apis=number(ApiInstance),
        policies=number(Policy),
        tiers=number(SlaTier),
        contracts=number(Contract),
        approved=number(Contract, Contract.status == "APPROVED"),
        automated=number(AutomatedPolicy),
        alerts=number(Alert),
        adapters=number(Adapter),
        services=number(DiscoveredService),
        gateways=number(GatewayLogin),
        users=number(RoleGrant, RoleGrant.user_id.not_in(elsewhere)),
        apps=number(ConnectedAppGrant, ConnectedAppGrant.app_id.not_in(apps_elsewhere)),
    )


def _number(
    session: Session, environment: Environment, table: type[Base], *conditions: ColumnElement[bool]
) -> int:
    """How many rows of the table belong to the environment, by themselves or by their API."""
    columns = table.__table__.c
    if "environment_id" in columns:
        own = columns.environment_id == environment.id
    else:
        apis = select(ApiInstance.id).where(ApiInstance.environment_id == environment.id)
        own = columns.api_id.in_(apis)
    return session.scalar(select(func.count()).select_from(table).where(own, *conditions)) or 0


def delete(transaction: Transaction, environment: Environment) -> None:
    """Delete an environment with everything in it; raise Conflict for the last one.

    Its requests stay in API analytics for as long as all others.
    """
    session = transaction.session
    others = of_organization(environment.organization_id).where(Environment.id != environment.id)
    if session.scalars(others.limit(1)).first() is None:
        raise Conflict("this is the last environment; add another one first")
    audit_log.record_deletion(transaction, environment)
    # Tables come after those that they refer to, so the other way round nothing is left behind.
    for table in reversed(Base.metadata.sorted_tables):
        if _refers_to_environments(table):
            session.execute(table.delete().where(table.c.environment_id == environment.id))
    session.expire_all()
    session.delete(environment)


def _refers_to_environments(table: Table) -> bool:
    return any(key.column.table is Environment.__table__ for key in table.foreign_keys)
