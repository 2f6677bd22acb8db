"""Asks ClickHouse as SQLAlchemy's connections ask other databases."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, TypeAlias

from sqlalchemy import Result, Select
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData

from control_plane.store.clickhouse.dialect import clickhouse_sql

Ask: TypeAlias = Callable[[str], str]
"""Sends one statement, and returns ClickHouse's answer; raises OperationalError without one."""

_SETTINGS: Final = (
    # Of rows with the same key, only one counts, also before ClickHouse has merged them.
    "final = 1",
    # A column before the alias of the same name, as in other databases.
    "prefer_column_name_to_alias = 1",
    "cast_keep_nullable = 1",
    # Of no rows, the greatest is nothing.
    "aggregate_functions_null_for_empty = 1",
    "output_format_json_quote_64bit_integers = 0",
    "output_format_json_quote_denormals = 0",
)
_FORMAT: Final = f" SETTINGS {', '.join(_SETTINGS)} FORMAT JSONCompact"


class ClickHouseConnection:
    """Questions and insertions. There are no transactions."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def execute(self, question: Select[Any]) -> Result[*tuple[Any, ...]]:
        """The rows of an answer."""
        answer = json.loads(self._ask(clickhouse_sql(question) + _FORMAT))
        names = [column["name"] for column in answer["meta"]]
        return IteratorResult(SimpleResultMetaData(names), map(tuple, answer["data"]))

    def scalar(self, question: Select[Any]) -> Any:
        """The first value of the first row; None without rows."""
        return self.execute(question).scalar()

    def scalars(self, question: Select[Any]) -> Iterable[Any]:
        """The first value of each row."""
        return self.execute(question).scalars()

    def insert(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert rows: all of them or none, in one block."""
        lines = "\n".join(json.dumps([*row]) for row in rows)
        self._ask(f"INSERT INTO {table} ({', '.join(names)}) FORMAT JSONCompactEachRow\n{lines}")

    def run(self, statement: str) -> None:
        """Run a statement that answers nothing."""
        self._ask(statement)
