"""Version 4: owners and overlapping secrets of applications, reasons and an index of contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns and indexes. What is there already has no owner, overlap or reason."""
    op.add_column("client_applications", sa.Column("owner", sa.String))
    op.add_column("client_applications", sa.Column("previous_secret_hash", sa.String))
    op.add_column("client_applications", sa.Column("overlap_ends_at", sa.BigInteger))
    op.create_index(
        "ix_client_applications_overlap_ends_at", "client_applications", ["overlap_ends_at"]
    )
    op.add_column("contracts", sa.Column("decision_reason", sa.String))
    op.create_index(
        "contracts_by_status", "contracts", ["status", "created_at", "api_id", "application_id"]
    )
