"""Many API instances at once, stored without the protocol."""

from datetime import UTC, datetime

from sqlalchemy import insert, select

from control_plane.accounts.credentials import Credentials
from control_plane.store.database import Database
from control_plane.store.tables import ApiInstance, Asset

_MADE = datetime(2026, 1, 1, tzinfo=UTC)


def fill(database: Database, credentials: Credentials, count: int) -> None:
    """API instances in the environment of the credentials, each of an asset of its own."""
    environment_id = credentials.environment_id
    with database.write() as session:
        rows = [
            {
                "environment_id": environment_id,
                "group_id": "g",
                "asset_id": f"asset-{number:04}",
                "created_at": _MADE,
            }
            for number in range(count)
        ]
        session.execute(insert(Asset), rows)
        common = {
            "organization_id": credentials.organization_id,
            "environment_id": environment_id,
            "asset_version": "1.0.0",
            "tags": [],
            "technology": "flexGateway",
            "created_at": _MADE,
            "policies_changed_at": _MADE,
        }
        assets = select(Asset.id).where(Asset.asset_id.startswith("asset-")).order_by(Asset.id)
        ids = session.scalars(assets).all()
        session.execute(insert(ApiInstance), [common | {"asset_row_id": each} for each in ids])
