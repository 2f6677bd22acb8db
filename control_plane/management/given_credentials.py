"""Client ids and secrets that were made elsewhere: a file names them, or another platform did."""

import secrets
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from control_plane.accounts.hashing import salted
from control_plane.errors import Conflict
from control_plane.management import audit_log
from control_plane.management.applications import tell_gateways
from control_plane.management.transaction import Transaction
from control_plane.settings import SecretForm
from control_plane.store.tables import ClientApplication


def register(
    transaction: Transaction,
    columns: Mapping[str, Any],
    form: SecretForm,
    *,
    client_id: str | None = None,
    client_secret: str | None = None,
) -> ClientApplication:
    """Register an application with these credentials. What is None is made.

    Raise Conflict if the client id is registered already, in any organization. A secret that is
    made here is known to nobody until it is reset.
    """
    _require_free(transaction, client_id)
    stored = salted(client_secret or secrets.token_hex(16), form)
    application = ClientApplication(
        organization_id=transaction.organization_id,
        client_id=client_id or secrets.token_hex(16),
        secret_salt=stored.salt,
        secret_hash=stored.hash,
        created_at=transaction.now,
        **columns,
    )
    transaction.session.add(application)
    audit_log.record_creation(transaction, application)
    return application


def _require_free(transaction: Transaction, client_id: str | None) -> None:
    query = select(ClientApplication.id).where(ClientApplication.client_id == client_id)
    if client_id is not None and transaction.session.scalar(query) is not None:
        raise Conflict(f"clientId: {client_id!r} is registered already")


def replace_secret(
    transaction: Transaction, application: ClientApplication, client_secret: str, form: SecretForm
) -> None:
    """Give the application this secret. The old one is valid until the gateways have polled."""
    with audit_log.recorded_change(transaction, application, "reset_secret"):
        application.secret_salt, application.secret_hash = salted(client_secret, form)
        application.previous_secret_hash = application.overlap_ends_at = None
        tell_gateways(transaction, application)
