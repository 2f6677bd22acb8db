"""The last id that each table gave to a row. An id is not given again, also after its row is gone.

Both databases remember it beside the rows: SQLite in `sqlite_sequence`, PostgreSQL in a sequence.
"""

from typing import Any

from sqlalchemy import Column, Connection, Table, text


def copy_last_id(source: Connection, target: Connection, table: Table) -> None:
    """Let new rows of the table get ids after those that the source has given."""
    column = table.autoincrement_column
    if column is not None and (number := _last_id(source, table, column)) is not None:
        _set_last_id(target, table, column, number)


def _last_id(connection: Connection, table: Table, column: Column[Any]) -> int | None:
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
    else:
        query = text(
            "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)"
        )
    found: int | None = connection.scalar(query, _names(table, column))
    return found


def _set_last_id(connection: Connection, table: Table, column: Column[Any], number: int) -> None:
    given = _names(table, column) | {"number": number}
    if connection.dialect.name == "sqlite":
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), given)
        query = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :number)")
    else:
        query = text("SELECT setval(pg_get_serial_sequence(:table, :column), :number)")
    connection.execute(query, given)


def _names(table: Table, column: Column[Any]) -> dict[str, Any]:
    return {"table": table.name, "column": column.name}
