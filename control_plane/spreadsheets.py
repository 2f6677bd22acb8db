"""CSV for spreadsheets, which run text that begins like a formula."""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final

_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_line(values: Iterable[Any]) -> str:
    """One line of CSV. An apostrophe keeps a spreadsheet from running what a client has sent."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(value) for value in values])
    return text.getvalue()


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
