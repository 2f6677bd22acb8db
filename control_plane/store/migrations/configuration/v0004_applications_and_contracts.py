"""Version 4: owners and overlapping secrets of applications, and the queue of contracts.

A contract gets the environment of its API instance, which never changes. So the contracts of an
environment can be counted and sorted with an index alone.
"""

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
    op.add_column("contracts", sa.Column("environment_id", sa.String))
    op.execute(
        "UPDATE contracts SET environment_id = (SELECT environment_id FROM api_instances"
        " WHERE api_instances.id = contracts.api_id)"
    )
    with op.batch_alter_table(
        "contracts", table_kwargs={"sqlite_autoincrement": True}
    ) as contracts:
        contracts.alter_column("environment_id", nullable=False)
    for name, first in (("contracts_by_status", ["status"]), ("contracts_by_id", [])):
        op.create_index(
            name, "contracts", ["environment_id", *first, "id", "api_id", "application_id"]
        )
