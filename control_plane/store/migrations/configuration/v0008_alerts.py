"""Version 8: alerts, how they stand, and the notices about them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Create the tables."""
    _create_alerts()
    op.create_table(
        "alert_standings",
        sa.Column("alert_id", sa.Integer, _of("alerts"), primary_key=True, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("judged_at", sa.BigInteger),
        sa.Column("word", sa.String, nullable=False),
        sa.Column("value", sa.Double),
        sa.Column("detail", sa.String, nullable=False),
        sa.Column("triggered_at", sa.BigInteger),
        sa.Column("notified_at", sa.BigInteger),
        sa.Column("memory", sa.JSON, nullable=False),
        sa.Column("sent", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
    )
    op.create_index("ix_alert_standings_due_at", "alert_standings", ["due_at"])
    op.create_table(
        "alert_notices",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("alert_id", sa.Integer, _of("alerts"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("event", sa.String, nullable=False),
        sa.Column("document", sa.JSON, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_notices_alert_id", "alert_notices", ["alert_id"])
    _create_deliveries()


def _create_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("uid", sa.String, nullable=False, unique=True),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("environment_id", sa.String, sa.ForeignKey("environments.id"), nullable=False),
        sa.Column("api_id", sa.Integer, _of("api_instances")),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("operator", sa.String, nullable=False),
        sa.Column("threshold", sa.Double, nullable=False),
        sa.Column("percent", sa.Integer, nullable=False),
        sa.Column("period_count", sa.Integer, nullable=False),
        sa.Column("period_unit", sa.String, nullable=False),
        sa.Column("periods", sa.Integer, nullable=False),
        sa.Column("minimum", sa.Integer, nullable=False),
        sa.Column("repeat_minutes", sa.Integer, nullable=False),
        sa.Column("recipients", sa.JSON, nullable=False),
        sa.Column("webhook_origin", sa.String),
        sa.Column("webhook_secret", sa.String),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_environment_id", "alerts", ["environment_id"])
    op.create_index("ix_alerts_api_id", "alerts", ["api_id"])


def _create_deliveries() -> None:
    op.create_table(
        "alert_deliveries",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("notice_id", sa.Integer, _of("alert_notices"), nullable=False),
        sa.Column("channel", sa.String, nullable=False),
        sa.Column("target", sa.String, nullable=False),
        sa.Column("outcome", sa.String, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_deliveries_notice_id", "alert_deliveries", ["notice_id"])
    op.create_index("alert_deliveries_by_time", "alert_deliveries", ["outcome", "due_at"])


def _of(table: str) -> sa.ForeignKey:
    return sa.ForeignKey(f"{table}.id", ondelete="CASCADE")
