"""The adapters of an environment."""

from datetime import datetime
from typing import Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from control_plane.errors import Conflict, NotFound
from control_plane.fleet.standing import silent
from control_plane.management import audit_log
from control_plane.management.transaction import Transaction
from control_plane.store.tables import Adapter

_MOST_NAMED: Final = 5


def of_environment(environment_id: str) -> Select[Adapter]:
    """All adapters that have reported."""
    return select(Adapter).where(Adapter.environment_id == environment_id)


def on_host(session: Session, environment_id: str, host: str) -> list[Adapter]:
    """The adapters on this machine, whose instance ids have the usual form, by instance id.

    The usual form is the machine's name and a port.
    """
    named = Adapter.instance_id == host
    named |= Adapter.instance_id.startswith(f"{host}:", autoescape=True)
    found = of_environment(environment_id).where(named).order_by(Adapter.instance_id)
    return list(session.scalars(found))


def get(session: Session, environment_id: str, adapter_id: int) -> Adapter:
    """The adapter; raise NotFound if the environment has none with this id."""
    adapter = session.get(Adapter, adapter_id)
    if adapter is None or adapter.environment_id != environment_id:
        raise NotFound(f"adapter {adapter_id} not found")
    return adapter


def forget(transaction: Transaction, adapter: Adapter) -> None:
    """Delete an adapter and its report. If it reports again, it is back."""
    audit_log.record_deletion(transaction, adapter)
    transaction.session.delete(adapter)


def require_none_reporting(session: Session, environment_id: str, now: datetime) -> None:
    """Raise Conflict while adapters report for the environment."""
    rows = session.scalars(of_environment(environment_id))
    names = sorted(adapter.instance_id for adapter in rows if not silent(adapter, now))
    if names:
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        raise Conflict(
            f"adapters report for this environment: {', '.join(names[:_MOST_NAMED])}{more}; stop"
            " them first"
        )
