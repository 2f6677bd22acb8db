"""Version 10: connected apps, types of environments, and when clients last logged in.

An environment whose name begins with `prod` becomes one for production, every other a sandbox. An
owner can change that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Create the tables of connected apps, and add the columns."""
    _create_connected_apps()
    with op.batch_alter_table("access_tokens") as table:
        table.alter_column("login_name", nullable=True)
        table.add_column(sa.Column("app_id", sa.Integer, _of_app("access_tokens_of_apps")))
    op.create_index("ix_access_tokens_app_id", "access_tokens", ["app_id"])
    for name in ("created_at", "used_at"):
        op.add_column("logins", sa.Column(name, sa.BigInteger))
    op.add_column(
        "environments", sa.Column("type", sa.String, nullable=False, server_default="sandbox")
    )
    op.execute("UPDATE environments SET type = 'production' WHERE lower(name) LIKE 'prod%'")


def _create_connected_apps() -> None:
    op.create_table(
        "connected_apps",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("client_id", sa.String, nullable=False, unique=True),
        sa.Column("secret_hash", sa.String, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "connected_app_grants",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("app_id", sa.Integer, _of_app(), nullable=False),
        sa.Column("environment_id", sa.String, sa.ForeignKey("environments.id")),
        sa.Column("role", sa.String, nullable=False),
        sa.UniqueConstraint("app_id", "environment_id"),
        sqlite_autoincrement=True,
    )


def _of_app(name: str | None = None) -> sa.ForeignKey:
    return sa.ForeignKey("connected_apps.id", ondelete="CASCADE", name=name)
