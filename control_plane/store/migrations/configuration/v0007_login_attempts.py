"""Version 7: wrong passwords are counted by all control planes on the database together."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "login_attempts",
        sa.Column("id", sa.Integer, primary_key=True, nullable=False),
        sa.Column("key", sa.BigInteger, nullable=False, index=True),
        sa.Column("at", sa.BigInteger, nullable=False, index=True),
        sa.Column("is_wrong", sa.Boolean, nullable=False),
        sqlite_autoincrement=True,
    )
