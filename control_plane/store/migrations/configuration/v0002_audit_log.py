"""Version 2: the audit log.

Some files of version 1 also lack `ended_feed_epochs`. The program used to add that table at every
start, without a new version number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables that are missing."""
    op.create_table(
        "ended_feed_epochs",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("epoch", sa.String, nullable=False, unique=True),
        sa.Column("last_change", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
        if_not_exists=True,
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("address", sa.String),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("object_id", sa.Integer, nullable=False),
        sa.Column("api_id", sa.Integer),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_entries_by_time", "audit_entries", ["organization_id", "at"])
    op.create_index("audit_entries_by_object", "audit_entries", ["kind", "object_id"])
    op.create_index("audit_entries_by_api", "audit_entries", ["api_id"])
