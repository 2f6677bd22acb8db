"""Inserts many rows with the means of the driver.

SQLAlchemy takes as long for its types as SQLite for the insertion. PostgreSQL takes rows fastest
by COPY.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table


def insert_rows(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows that have a value for each column, in the order of the columns."""
    if connection.dialect.name == "postgresql":
        _copy(connection, table, rows)
    else:
        values = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {table.name} VALUES ({values})"  # noqa: S608 - a table of ours
        connection.exec_driver_sql(statement, list(rows))


def _copy(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor: Any = connection.connection.cursor()
    names = ", ".join(table.columns.keys())
    with cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
