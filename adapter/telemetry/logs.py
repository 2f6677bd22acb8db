"""Logs: the only module that sets up structlog."""

import logging
import sys
from contextlib import suppress
from typing import Any, Literal, TextIO, cast

import structlog


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    log_format: Literal["auto", "console", "json"],
) -> None:
    """Log to standard error; `auto` means text on a terminal and JSON lines elsewhere."""
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    # By default, tracebacks on a terminal show the values of local variables, secrets among them.
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if for_people else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", _StandardError())),
    )


class _StandardError:
    """Standard error, except that nothing raises: a log on a full disk must not end a task."""

    def write(self, text: str) -> None:
        """Write the text, if that is possible."""
        with suppress(OSError, ValueError):  # ValueError: it is closed
            sys.stderr.write(text)

    def flush(self) -> None:
        """Flush what was written, if that is possible."""
        with suppress(OSError, ValueError):
            sys.stderr.flush()
