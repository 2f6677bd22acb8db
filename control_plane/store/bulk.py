"""Inserts many rows with the means of the driver.

SQLAlchemy takes as long for its types as SQLite for the insertion. PostgreSQL takes rows fastest
by COPY.
"""

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, bindparam, func, select, text


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]], name: str = ""
) -> None:
    """Insert rows that have a value for each column, in the order of the columns.

    `name` is that of another table with the same columns.
    """
    quote = connection.dialect.identifier_preparer.quote
    into = f"{name or table.name} ({', '.join(map(quote, table.columns.keys()))})"
    if connection.dialect.name == "postgresql":
        _copy(connection, into, rows)
    else:
        values = ", ".join("?" * len(table.columns))
        statement = f"INSERT INTO {into} VALUES ({values})"  # noqa: S608 - a table of ours
        connection.exec_driver_sql(statement, list(rows))


def _copy(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    cursor: Any = connection.connection.cursor()
    with cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def one_of(column: ColumnElement[str], texts: Sequence[str], dialect: str) -> ColumnElement[bool]:
    """Whether a column has one of many texts: thousands of parameters take long to bind."""
    given = bindparam(None, json.dumps(texts), Text)
    if dialect == "postgresql":
        return column.in_(select(func.json_array_elements_text(given.op("::")(text("json")))))
    return column.in_(select(func.json_each(given).table_valued("value").c.value))
