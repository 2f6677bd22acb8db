"""Client applications. Their secret is given to the caller that makes it, and never again."""

import secrets
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from control_plane.accounts.hashing import salted
from control_plane.errors import Conflict, NotFound
from control_plane.management import audit_log
from control_plane.management.change_feed import bury, next_change
from control_plane.management.transaction import Transaction
from control_plane.settings import SecretForm
from control_plane.store.tables import ClientApplication, Contract


class WithSecret(NamedTuple):
    """An application and its new secret, which is stored hashed only."""

    application: ClientApplication
    secret: str


def of_organization(organization_id: str) -> Select[ClientApplication]:
    """The organization's applications."""
    return select(ClientApplication).where(ClientApplication.organization_id == organization_id)


def names(session: Session, organization_id: str, client_ids: Collection[str]) -> dict[str, str]:
    """The names of the applications with these client ids."""
    query = select(ClientApplication.client_id, ClientApplication.name).where(
        ClientApplication.organization_id == organization_id,
        ClientApplication.client_id.in_(client_ids),
    )
    return {row.client_id: row.name for row in session.execute(query)}


def get(session: Session, organization_id: str, application_id: int) -> ClientApplication:
    """The application; raise NotFound if the organization has none with this id."""
    application = session.get(ClientApplication, application_id)
    if application is None or application.organization_id != organization_id:
        raise NotFound(f"client application {application_id} not found")
    return application


def approved_contracts(
    session: Session, environment_id: str, among: Collection[int] | None = None
) -> dict[int, int]:
    """How many approved contracts each application has in the environment, or each of these."""
    query = (
        select(Contract.application_id, func.count())
        .where(Contract.environment_id == environment_id, Contract.status == "APPROVED")
        .group_by(Contract.application_id)
    )
    if among is not None:
        query = query.where(Contract.application_id.in_(among))
    return {row[0]: row[1] for row in session.execute(query)}


def register(transaction: Transaction, columns: Mapping[str, Any], form: SecretForm) -> WithSecret:
    """Register an application with a new client id and secret."""
    secret = secrets.token_hex(16)
    stored = salted(secret, form)
    application = ClientApplication(
        organization_id=transaction.organization_id,
        client_id=secrets.token_hex(16),
        secret_salt=stored.salt,
        secret_hash=stored.hash,
        created_at=transaction.now,
        **columns,
    )
    transaction.session.add(application)
    audit_log.record_creation(transaction, application)
    return WithSecret(application, secret)


def import_client(
    transaction: Transaction, client_id: str, columns: Mapping[str, Any]
) -> ClientApplication:
    """Add a client of an identity provider. Its secret is known there only."""
    query = select(ClientApplication.id).where(ClientApplication.client_id == client_id)
    if transaction.session.scalar(query) is not None:
        raise Conflict(f"clientId: {client_id!r} is registered already")
    application = ClientApplication(
        organization_id=transaction.organization_id,
        name=client_id,
        client_id=client_id,
        redirect_uris=[],
        created_at=transaction.now,
        **columns,
    )
    transaction.session.add(application)
    audit_log.record_creation(transaction, application, "import")
    return application


def change(
    transaction: Transaction, application: ClientApplication, columns: Mapping[str, Any]
) -> ClientApplication:
    """Change the named columns. Gateways learn of it with every contract of the application."""
    with audit_log.recorded_change(transaction, application):
        for name, value in columns.items():
            setattr(application, name, value)
        tell_gateways(transaction, application)
    return application


def tell_gateways(transaction: Transaction, application: ClientApplication) -> None:
    """Date the application's change, and let the feed give its contracts again."""
    application.updated_at = transaction.now
    for contract in contracts_of(transaction.session, application):
        contract.change = next_change(transaction)


def contracts_of(session: Session, application: ClientApplication) -> list[Contract]:
    """The application's contracts with all API instances."""
    return list(session.scalars(select(Contract).where(Contract.application_id == application.id)))


def delete(transaction: Transaction, application: ClientApplication) -> None:
    """Delete an application with all of its contracts."""
    audit_log.record_deletion(transaction, application)
    for contract in contracts_of(transaction.session, application):
        audit_log.record_deletion(transaction, contract)
        bury(transaction, contract)
    transaction.session.flush()
    transaction.session.delete(application)
