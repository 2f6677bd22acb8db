"""Version 2: an event's id is unique in its organization, not in the whole file.

SQLite can't change a primary key, so all rows are copied into a new table. The organization of an
environment is in the other database: the caller gives `organizations`, from environment to
organization. Events of environments that are gone belong to the organization "".
"""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "0002"
down_revision = "0001"

_OLD = "events_1"


def upgrade() -> None:
    """Copy all events into a table with the new key."""
    op.drop_index("events_by_time")
    op.drop_index("events_by_api")
    op.rename_table("events", _OLD)
    columns = _columns()
    op.create_table(
        "events",
        sa.Column("organization_id", sa.Text, primary_key=True, nullable=False),
        sa.Column("event_id", sa.Text, primary_key=True, nullable=False),
        *columns,
    )
    op.create_index("events_by_time", "events", ["environment_id", "received_ms"])
    op.create_index("events_by_api", "events", ["api_id", "received_ms"])
    _copy(["event_id", *(column.name for column in columns)])
    op.drop_table(_OLD)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("environment_id", sa.Text, nullable=False),
        sa.Column("api_id", sa.BigInteger, nullable=False),
        sa.Column("api_name", sa.Text),
        sa.Column("api_version", sa.Text),
        sa.Column("api_version_id", sa.BigInteger),
        sa.Column("host_id", sa.Text),
        sa.Column("client_id", sa.Text),
        sa.Column("application_name", sa.Text),
        sa.Column("transaction_id", sa.Text),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("response_time_ms", sa.BigInteger),
        sa.Column("client_ip", sa.Text),
        sa.Column("verb", sa.Text, nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("status_code", sa.Integer, nullable=False),
        sa.Column("user_agent", sa.Text),
        sa.Column("request_bytes", sa.BigInteger, nullable=False),
        sa.Column("response_bytes", sa.BigInteger, nullable=False),
        sa.Column("request_disposition", sa.Text, nullable=False),
        sa.Column("policy_id", sa.Text),
        sa.Column("policy_name", sa.Text),
        sa.Column("policy_outcome", sa.Text),
        sa.Column("deployment_type", sa.Text),
    ]


def _copy(names: list[str]) -> None:
    organizations: Mapping[str, str] = context.config.attributes["organizations"]
    organization: sa.ColumnElement[str] = sa.literal("")
    if organizations:
        environment = sa.column("environment_id", sa.Text)
        organization = sa.case(dict(organizations), value=environment, else_="")
    values: list[sa.ColumnElement[Any]] = [organization, *(sa.column(name) for name in names)]
    new = sa.table("events", *(sa.column(name) for name in ("organization_id", *names)))
    op.execute(
        new.insert().from_select(new.c.keys(), sa.select(*values).select_from(sa.table(_OLD)))
    )
