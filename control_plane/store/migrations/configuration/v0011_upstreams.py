"""Version 11: upstreams, and what clients say about where an API instance is and runs."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the columns and the table."""
    for name, kind in (
        ("endpoint_uri", sa.String),
        ("approval_method", sa.String),
        ("deployment", sa.JSON),
        ("routing", sa.JSON),
    ):
        op.add_column("api_instances", sa.Column(name, kind))
    op.add_column("policies", sa.Column("label", sa.String))
    op.add_column("policies", sa.Column("upstream_ids", sa.JSON))
    api = sa.ForeignKey("api_instances.id", ondelete="CASCADE")
    op.create_table(
        "upstreams",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("uid", sa.String, nullable=False, unique=True),
        sa.Column("api_id", sa.Integer, api, nullable=False),
        sa.Column("label", sa.String),
        sa.Column("uri", sa.String),
        sa.Column("tls_context", sa.JSON),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_upstreams_api_id", "upstreams", ["api_id"])
