"""What all tables of the configuration database share: column types and the declarative base."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, BigInteger, Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from control_plane.clock import epoch_ms, from_epoch_ms

MAX_ID: Final = 2**63 - 1
"""The largest integer that SQLite can hold."""


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else epoch_ms(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else from_epoch_ms(value)


class Base(DeclarativeBase):
    """The declarative base, with the JSON and time columns that the tables use."""

    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own class-level configuration
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
        list[dict[str, Any]]: JSON(none_as_null=True),
        datetime: UtcTime,
    }
