"""What questions need of a connection."""

from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import Result, Select


class Reader(Protocol):
    """A connection that answers questions."""

    def execute(self, statement: Select[Any], /) -> Result[*tuple[Any, ...]]:
        """The rows of an answer."""

    def scalar(self, statement: Select[Any], /) -> Any:
        """The first value of the first row; None without rows."""

    def scalars(self, statement: Select[Any], /) -> Iterable[Any]:
        """The first value of each row."""
