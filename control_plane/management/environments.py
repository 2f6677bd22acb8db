"""Environments of an organization, such as Production and Sandbox."""

import uuid
from typing import Final

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import Environment

MAX_ENVIRONMENTS: Final = 50


def of_organization(organization_id: str) -> Select[Environment]:
    """The organization's environments."""
    return select(Environment).where(Environment.organization_id == organization_id)


def get(session: Session, organization_id: str, environment_id: str) -> Environment:
    """The environment; raise NotFound if the organization has none with this id."""
    environment = session.get(Environment, environment_id)
    if environment is None or environment.organization_id != organization_id:
        raise NotFound(f"environment {environment_id!r} not found")
    return environment


def create(transaction: Transaction, name: str) -> Environment:
    """Add an environment. Users with a role in all environments have it there too."""
    _require_free_name(transaction, name)
    own = of_organization(transaction.organization_id).subquery()
    number = transaction.session.scalar(select(func.count()).select_from(own)) or 0
    if number >= MAX_ENVIRONMENTS:
        raise Invalid(f"the organization has {MAX_ENVIRONMENTS} environments already")
    environment = Environment(
        id=str(uuid.uuid4()), organization_id=transaction.organization_id, name=name
    )
    transaction.session.add(environment)
    audit_log.record_creation(transaction, environment)
    return environment


def rename(transaction: Transaction, environment: Environment, name: str) -> Environment:
    """Give the environment another name. Its id, which adapters use, stays."""
    _require_free_name(transaction, name, environment.id)
    with audit_log.recorded_change(transaction, environment):
        environment.name = name
    return environment


def _require_free_name(transaction: Transaction, name: str, but: str = "") -> None:
    others = of_organization(transaction.organization_id).where(
        func.lower(Environment.name) == name.lower(), Environment.id != but
    )
    if transaction.session.scalars(others).first() is not None:
        raise Conflict(f"name: there is an environment {name} already")
