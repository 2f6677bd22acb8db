"""New secrets of client applications.

A reset replaces the secret: clients that still send the old one are refused as soon as the gateways
have polled. A rotation leaves the old secret in force for a while, the overlap, so that clients can
move to the new one without an outage. Both hashes have the same salt, so that a gateway hashes what
a client sends once.

An overlap has ended when `overlap_ends_at` is over. Gateways have to hear of that, so
`end_due_overlaps` is called before the contract feed is read.
"""

import secrets
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from control_plane.accounts.hashing import salted
from control_plane.errors import Conflict, Invalid
from control_plane.management import audit_log
from control_plane.management.applications import WithSecret, tell_gateways
from control_plane.management.transaction import Transaction
from control_plane.settings import SecretForm
from control_plane.store.tables import ClientApplication

MAX_OVERLAP: Final = timedelta(days=90)


def reset(transaction: Transaction, application: ClientApplication, form: SecretForm) -> WithSecret:
    """Make a new secret. The old one is valid until the gateways have polled."""
    _require_own_secret(application)
    secret = secrets.token_hex(16)
    with audit_log.recorded_change(transaction, application, "reset_secret"):
        application.secret_salt, application.secret_hash = salted(secret, form)
        _forget_previous(application)
        tell_gateways(transaction, application)
    return WithSecret(application, secret)


def rotate(
    transaction: Transaction,
    application: ClientApplication,
    form: SecretForm,
    overlap: timedelta,
) -> WithSecret:
    """Make a new secret; the old one works too until the overlap ends.

    In an overlap, a rotation ends the older of the two secrets.
    """
    _require_own_secret(application)
    if not timedelta(0) < overlap <= MAX_OVERLAP:
        raise Invalid(f"overlap: must be longer than 0 and at most {MAX_OVERLAP.days} days")
    secret = secrets.token_hex(16)
    with audit_log.recorded_change(transaction, application, "rotate_secret"):
        application.previous_secret_hash = application.secret_hash
        application.overlap_ends_at = transaction.now + overlap
        application.secret_hash = salted(secret, form, application.secret_salt).hash
        tell_gateways(transaction, application)
    return WithSecret(application, secret)


def _require_own_secret(application: ClientApplication) -> None:
    if application.secret_hash is None:
        raise Conflict("an imported application has its secret at its identity provider")


def end_overlap(transaction: Transaction, application: ClientApplication) -> None:
    """End the secret before the last rotation, if it is still in force."""
    if application.previous_secret_hash is None:
        return
    with audit_log.recorded_change(transaction, application, "end_overlap"):
        _forget_previous(application)
        tell_gateways(transaction, application)


def _forget_previous(application: ClientApplication) -> None:
    application.previous_secret_hash = application.overlap_ends_at = None


def any_overlap_is_due(session: Session, now: datetime) -> bool:
    """Whether `end_due_overlaps` has something to do."""
    query = select(ClientApplication.id).where(ClientApplication.overlap_ends_at <= now).limit(1)
    return session.scalar(query) is not None


def end_due_overlaps(transaction: Transaction) -> None:
    """End the overlaps of the organization whose time has come."""
    query = select(ClientApplication).where(
        ClientApplication.organization_id == transaction.organization_id,
        ClientApplication.overlap_ends_at <= transaction.now,
    )
    for application in transaction.session.scalars(query).all():
        end_overlap(transaction, application)
