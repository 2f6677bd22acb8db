"""Version 9: what clients say about applications, and tiers that contracts have lost."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the columns. Nobody has said anything yet, and no tier in use could be deleted."""
    op.add_column("client_applications", sa.Column("grant_types", sa.JSON))
    op.add_column("client_applications", sa.Column("api_endpoints", sa.Boolean))
    op.add_column("contracts", sa.Column("lost_tier", sa.String))
