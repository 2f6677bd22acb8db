"""Version 1: the tables of the program before it used Alembic. There is nothing to do."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: only files that have these tables begin here."""
