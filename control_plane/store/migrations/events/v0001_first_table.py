"""Version 1: the table of the program that kept an event id once in the whole file."""

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Do nothing: only files that have this table begin here."""
