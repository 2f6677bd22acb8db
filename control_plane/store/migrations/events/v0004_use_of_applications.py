"""Version 4: an index of rollups by application, for the use of quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_OF_APPLICATIONS = sa.text("dimension LIKE 'application%'")


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "rollups_by_application",
        "rollups",
        ["environment_id", "key", "dimension", "grain_s", "start_ms"],
        sqlite_where=_OF_APPLICATIONS,
        postgresql_where=_OF_APPLICATIONS,
    )
