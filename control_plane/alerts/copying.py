"""Copies the alerts of an API instance when it is promoted to another environment."""

from control_plane.alerts import alerts
from control_plane.management.promotion import columns_of
from control_plane.management.transaction import Transaction
from control_plane.store.tables import Alert, ApiInstance


def copy_alerts(transaction: Transaction, origin: ApiInstance, api: ApiInstance) -> None:
    """Watch the copy as the origin is watched. Raise Invalid if there is no room for the alerts."""
    of_origin = alerts.of_environment(origin.environment_id, origin.id).order_by(Alert.id)
    for alert in transaction.session.scalars(of_origin).all():
        scope = alerts.Scope(api.environment_id, api)
        alerts.create(transaction, scope, columns_of(alert))
