"""Credentials of gateways: made, listed and revoked one by one, so that each can be rotated."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from control_plane.accounts.credentials import Credentials, Holder, new_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import NotFound
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import Environment, GatewayLogin


def create(transaction: Transaction, environment: Environment, hasher: LoginHasher) -> Credentials:
    """Make credentials for one more gateway. The existing ones keep working."""
    credentials = new_credentials(environment.organization_id, environment.id, [Holder.GATEWAY])
    [row] = credentials.rows(hasher, transaction.now)
    transaction.session.add(row)
    audit_log.record_creation(transaction, row)
    return credentials


def of_organization(organization_id: str) -> Select[GatewayLogin]:
    """All credentials of gateways, from old to new. The oldest have no date."""
    return (
        select(GatewayLogin)
        .where(GatewayLogin.organization_id == organization_id)
        .order_by(GatewayLogin.created_at.nulls_first(), GatewayLogin.name)
    )


def get(session: Session, organization_id: str, client_id: str) -> GatewayLogin:
    """The gateway's credentials; raise NotFound if the organization has none with this id."""
    login = session.get(GatewayLogin, client_id)
    if login is None or login.organization_id != organization_id:
        raise NotFound(f"gateway credentials with the client id {client_id!r} not found")
    return login


def revoke(transaction: Transaction, login: GatewayLogin) -> None:
    """End a gateway's credentials and its tokens at once."""
    audit_log.record_deletion(transaction, login)
    transaction.session.delete(login)
