"""Version 6: an index of the audit log by who made a change, which the console filters by."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index("audit_entries_by_actor", "audit_entries", ["organization_id", "actor", "at"])
