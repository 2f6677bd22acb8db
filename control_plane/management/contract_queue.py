"""The contracts with all API instances of an environment, for those who decide about them."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session, joinedload

from control_plane.errors import NotFound
from control_plane.management import audit_log
from control_plane.management.audit_log import AuditFilter
from control_plane.management.contract_states import State
from control_plane.store.tables import (
    ApiInstance,
    Asset,
    AuditEntry,
    ClientApplication,
    Contract,
)

MAX_HISTORY: Final = 100


def of_environment(
    environment_id: str, status: str | None = None, text: str = "", api_id: int | None = None
) -> Select[Contract]:
    """The contracts of the environment; by status, names or API instance if asked."""
    found = (
        select(Contract)
        .options(joinedload(Contract.api))
        .where(Contract.environment_id == environment_id)
    )
    if status is not None:
        found = found.where(Contract.status == status)
    if api_id is not None:
        found = found.where(Contract.api_id == api_id)
    return found.where(_names(text)) if text else found


def _names(text: str) -> ColumnElement[bool]:
    """Whether the application or the API instance of a contract has the text in its names.

    Applications and API instances are few beside contracts, so they are searched first.
    """
    applications = select(ClientApplication.id).where(
        _contain(text, ClientApplication.name, ClientApplication.client_id)
    )
    named_apis = (
        select(ApiInstance.id)
        .join(ApiInstance.asset)
        .where(_contain(text, Asset.asset_id, ApiInstance.instance_label))
    )
    return or_(Contract.application_id.in_(applications), Contract.api_id.in_(named_apis))


def _contain(text: str, *columns: Any) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def of_application(environment_id: str, application_id: int) -> Select[Contract]:
    """The contracts of an application with API instances of the environment."""
    found = of_environment(environment_id)
    return found.where(Contract.application_id == application_id)


def of_application_in(environment_ids: Collection[str], application_id: int) -> Select[Contract]:
    """The contracts of an application with API instances of these environments, oldest first."""
    return (
        select(Contract)
        .options(joinedload(Contract.api))
        .where(
            Contract.application_id == application_id, Contract.environment_id.in_(environment_ids)
        )
        .order_by(Contract.id)
    )


def approved_of(
    session: Session, application_id: int, offset: int, limit: int
) -> tuple[int, Sequence[Contract]]:
    """How many approved contracts the application has in all environments, and a part of them."""
    query = (
        select(Contract)
        .options(joinedload(Contract.api))
        .where(Contract.application_id == application_id, Contract.status == State.APPROVED)
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    return total, session.scalars(query.order_by(Contract.id).offset(offset).limit(limit)).all()


def counts(session: Session, environment_id: str, api_id: int | None = None) -> dict[str, int]:
    """How many contracts of the environment, or of one API instance, have each status."""
    query = (
        select(Contract.status, func.count())
        .where(Contract.environment_id == environment_id)
        .group_by(Contract.status)
    )
    if api_id is not None:
        query = query.where(Contract.api_id == api_id)
    return {row[0]: row[1] for row in session.execute(query)}


def get(session: Session, environment_id: str, contract_id: int) -> Contract:
    """The contract; raise NotFound if the environment has none with this id."""
    contract = session.get(Contract, contract_id, options=[joinedload(Contract.api)])
    if contract is None or contract.environment_id != environment_id:
        raise NotFound(f"contract {contract_id} not found")
    return contract


def history(session: Session, organization_id: str, contract_id: int) -> Sequence[AuditEntry]:
    """What happened to a contract, newest first."""
    wanted = AuditFilter(kind="contract", object_id=contract_id)
    return audit_log.entries(session, organization_id, wanted, limit=MAX_HISTORY)
