"""Version 3: users with roles and tokens.

Until now an admin was a row of `logins`, and the role of a login said whether it was an admin or a
gateway. Admins become users who own the organization, with their passwords and tokens. `logins`
keeps the gateways.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the tables of users, move the admins there, and leave gateways in `logins`."""
    _create_tables()
    _move_admins()
    with op.batch_alter_table("logins") as table:
        table.drop_column("role")
        table.alter_column("environment_id", nullable=False)


def _create_tables() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("organization_id", sa.String, sa.ForeignKey("organizations.id"), nullable=False),
        sa.Column("name", sa.String, nullable=False, unique=True),
        sa.Column("email", sa.String),
        sa.Column("password_hash", sa.String),
        sa.Column("subject", sa.String, unique=True),
        sa.Column("enabled", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "role_grants",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column(
            "user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("environment_id", sa.String, sa.ForeignKey("environments.id")),
        sa.Column("role", sa.String, nullable=False),
        sa.UniqueConstraint("user_id", "environment_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "user_tokens",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column(
            "user_id", sa.Integer, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False, unique=True),
        sa.Column("name", sa.String),
        sa.Column("address", sa.String),
        sa.Column("agent", sa.String),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_user_tokens_user_id", "user_tokens", ["user_id"])
    op.create_index("ix_user_tokens_expires_at", "user_tokens", ["expires_at"])


_NOW = "CAST(strftime('%s', 'now') AS INTEGER) * 1000"
_MOVES = (
    "INSERT INTO users (organization_id, name, password_hash, enabled, created_at)"
    " SELECT organization_id, name, secret_hash, 1, NOW FROM logins WHERE role = 'admin'",
    "INSERT INTO role_grants (user_id, role) SELECT id, 'owner' FROM users",
    "INSERT INTO user_tokens (user_id, kind, token_hash, created_at, used_at, expires_at)"
    " SELECT users.id, 'access', token_hash, NOW, NOW, expires_at"
    " FROM access_tokens JOIN users ON users.name = login_name",
    "DELETE FROM access_tokens WHERE login_name IN (SELECT name FROM users)",
    "DELETE FROM logins WHERE role = 'admin'",
)


def _move_admins() -> None:
    for statement in _MOVES:
        op.execute(statement.replace("NOW", _NOW))
