"""Version 3: rollups beside the events, and what rollups and the request log look for.

Events that are there already have no path template, no family of user agents, and no rollups.
`policy-control-plane rebuild-rollups` makes all of these.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns, the indexes and the table."""
    op.add_column("events", sa.Column("path_template", sa.Text))
    op.add_column("events", sa.Column("agent", sa.Text))
    op.create_index("events_by_client", "events", ["environment_id", "client_id", "received_ms"])
    op.create_table(
        "rollups",
        sa.Column("grain_s", sa.Integer, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("dimension", sa.Text, primary_key=True, nullable=False),
        sa.Column("environment_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("api_id", sa.BigInteger, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("start_ms", sa.BigInteger, primary_key=True, nullable=False, autoincrement=False),
        sa.Column("key", sa.Text, primary_key=True, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("rollups_by_age", "rollups", ["grain_s", "start_ms"])
