"""Version 1: the tables of the program before it used Alembic. It changes nothing."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: only files that have these tables begin here."""
