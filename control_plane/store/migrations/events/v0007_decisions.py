"""Version 7: who answered each request, and what each policy said about some of them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_COLUMNS = ("answered_by", "response_details", "decision_id", "decision")
_WITH_DECISION = sa.text("decision_id IS NOT NULL")


def upgrade() -> None:
    """Add the columns, and an index of the few events that have a decision."""
    for name in _COLUMNS:
        op.add_column("events", sa.Column(name, sa.Text))
    op.create_index(
        "events_by_decision",
        "events",
        ["environment_id", "decision_id", "received_ms", "event_id"],
        sqlite_where=_WITH_DECISION,
        postgresql_where=_WITH_DECISION,
    )
