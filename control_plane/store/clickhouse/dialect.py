"""Writes SQLAlchemy's questions in ClickHouse's SQL, with their values in the text.

Only what the questions about events need. A value is a text or a number; a text is escaped as
ClickHouse reads it, in which a backslash escapes too.
"""

from typing import Any, Final

from sqlalchemy import Select
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import GenericTypeCompiler, SQLCompiler

_ESCAPED: Final = str.maketrans({"\\": r"\\", "'": r"\'", "\0": r"\0"})


class _Compiler(SQLCompiler):
    def render_literal_value(self, value: Any, type_: Any) -> str:  # noqa: ARG002 - as the base
        """A text or a number."""
        if isinstance(value, str):
            return f"'{value.translate(_ESCAPED)}'"
        if isinstance(value, int | float):
            return repr(value + 0)
        raise TypeError(f"a question has a value of type {type(value).__name__}")

    def visit_floordiv_binary(self, binary: Any, operator: Any, **kw: Any) -> str:  # noqa: ARG002
        """Integers stay integers."""
        left, right = self.process(binary.left, **kw), self.process(binary.right, **kw)
        return f"intDiv({left}, {right})"

    def visit_substr_func(self, function: Any, **kw: Any) -> str:
        """By characters, not by octets."""
        return f"substringUTF8{self.function_argspec(function, **kw)}"


class _Types(GenericTypeCompiler):
    """The names of types: ClickHouse reads FLOAT as 32 bits."""

    def visit_FLOAT(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002, N802 - as the base
        return "Float64"

    def visit_BIGINT(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002, N802
        return "Int64"

    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002, N802
        return "Int32"

    def visit_TEXT(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002, N802
        return "String"


class _Dialect(DefaultDialect):
    name = "clickhouse"
    supports_statement_cache = True
    statement_compiler = _Compiler
    type_compiler_cls = _Types


_DIALECT: Final = _Dialect()


def clickhouse_sql(question: Select[Any]) -> str:
    """The text of a question."""
    return str(question.compile(dialect=_DIALECT, compile_kwargs={"literal_binds": True}))


def type_name(type_: Any) -> str:
    """ClickHouse's name of a column's type."""
    return str(type_.compile(dialect=_DIALECT))
