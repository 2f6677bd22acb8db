"""Connected apps: programs such as Terraform, with client credentials and roles of their own."""

from datetime import timedelta
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from control_plane.accounts.credentials import Credentials, new_app_credentials
from control_plane.accounts.hashing import LoginHasher
from control_plane.errors import Conflict, Invalid, NotFound
from control_plane.management import audit_log
from control_plane.management.texts import one_line, same_name
from control_plane.management.transaction import Transaction
from control_plane.management.users import Roles
from control_plane.store.tables import ConnectedApp, ConnectedAppGrant

MAX_APPS: Final = 200
MAX_NAME: Final = 100


def of_organization(organization_id: str) -> Select[ConnectedApp]:
    """The organization's connected apps, by name."""
    own = select(ConnectedApp).where(ConnectedApp.organization_id == organization_id)
    return own.order_by(ConnectedApp.name, ConnectedApp.id)


def create(
    transaction: Transaction,
    hasher: LoginHasher,
    name: str,
    roles: Roles,
    lifetime: timedelta | None = None,
) -> Credentials:
    """Make a connected app with these roles; its secret ends after the lifetime, if it has one."""
    _require_good_name(transaction, name)
    credentials = new_app_credentials(transaction.organization_id)
    app = ConnectedApp(
        organization_id=transaction.organization_id,
        name=name,
        client_id=credentials.client_id,
        secret_hash=hasher.hash(credentials.client_secret),
        created_at=transaction.now,
        expires_at=lifetime and transaction.now + lifetime,
        grants=[
            ConnectedAppGrant(environment_id=place, role=role) for place, role in roles.items()
        ],
    )
    transaction.session.add(app)
    audit_log.record_creation(transaction, app)
    return credentials


def _require_good_name(transaction: Transaction, name: str) -> None:
    try:
        one_line(name)
    except ValueError as error:
        raise Invalid(f"name: {error}") from error
    if len(name) > MAX_NAME:
        raise Invalid(f"name: use at most {MAX_NAME} characters")
    apps = transaction.session.scalars(of_organization(transaction.organization_id)).all()
    if any(same_name(app.name, name) for app in apps):
        raise Conflict(f"name: there is a connected app {name} already; revoke it first")
    if len(apps) >= MAX_APPS:
        raise Conflict(f"there are {MAX_APPS} connected apps already; revoke one first")


def get(session: Session, organization_id: str, app_id: int) -> ConnectedApp:
    """The connected app; raise NotFound if the organization has none with this id."""
    app = session.get(ConnectedApp, app_id)
    if app is None or app.organization_id != organization_id:
        raise NotFound(f"connected app {app_id} not found")
    return app


def find(session: Session, organization_id: str, name_or_client_id: str) -> ConnectedApp:
    """The connected app; raise NotFound if the organization has none of this name or client id."""
    for app in session.scalars(of_organization(organization_id)):
        if name_or_client_id == app.client_id or same_name(app.name, name_or_client_id):
            return app
    raise NotFound(f"connected app {name_or_client_id!r} not found")


def revoke(transaction: Transaction, app: ConnectedApp) -> None:
    """End a connected app and its tokens at once. The audit log keeps its name."""
    audit_log.record_deletion(transaction, app)
    transaction.session.delete(app)
