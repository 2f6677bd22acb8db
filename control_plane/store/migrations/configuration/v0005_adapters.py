"""Version 5: adapters with their reports, and discovered services."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "adapters",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("environment_id", sa.String, sa.ForeignKey("environments.id"), nullable=False),
        sa.Column("instance_id", sa.String, nullable=False),
        sa.Column("login", sa.String, nullable=False),
        sa.Column("address", sa.String),
        sa.Column("version", sa.String, nullable=False),
        sa.Column("build", sa.String, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("first_reported_at", sa.BigInteger, nullable=False),
        sa.Column("reported_at", sa.BigInteger, nullable=False),
        sa.Column("interval_ms", sa.BigInteger, nullable=False),
        sa.Column("snapshot", sa.BigInteger, nullable=False),
        sa.Column("serving", sa.Boolean, nullable=False),
        sa.Column("whole_environment", sa.Boolean, nullable=False),
        sa.Column("automated", sa.BigInteger),
        sa.Column("instances", sa.BigInteger),
        sa.Column("floor", sa.BigInteger, nullable=False),
        sa.Column("apis", sa.Integer, nullable=False),
        sa.Column("closed_apis", sa.Integer, nullable=False),
        sa.Column("unconfirmed_apis", sa.Integer, nullable=False),
        sa.Column("shared_at", sa.BigInteger),
        sa.Column("details", sa.JSON, nullable=False),
        sa.Column("sightings", sa.JSON, nullable=False),
        sa.UniqueConstraint("environment_id", "instance_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "discovered_services",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("environment_id", sa.String, sa.ForeignKey("environments.id"), nullable=False),
        sa.Column("host", sa.String, nullable=False),
        sa.Column("route", sa.String, nullable=False),
        sa.Column("requests", sa.BigInteger, nullable=False),
        sa.Column("first_seen_at", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at", sa.BigInteger, nullable=False),
        sa.Column("ignored_at", sa.BigInteger),
        sa.Column("note", sa.String),
        sa.Column("api_id", sa.Integer, sa.ForeignKey("api_instances.id", ondelete="SET NULL")),
        sa.UniqueConstraint("environment_id", "host", "route"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_discovered_services_api_id", "discovered_services", ["api_id"])
    op.create_table(
        "fleet_losses",
        sa.Column(
            "environment_id",
            sa.String,
            sa.ForeignKey("environments.id"),
            primary_key=True,
            nullable=False,
        ),
        sa.Column("adapters", sa.Integer, nullable=False),
        sa.Column("services", sa.Integer, nullable=False),
    )
