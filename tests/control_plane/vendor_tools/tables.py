"""The tables of docs/vendor-tools.md, made from what the tools did."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[3] / "docs" / "vendor-tools.md"


class Outcome(NamedTuple):
    """A line of a table: what was called, whether it worked, and what a reader should know."""

    called: str
    works: bool
    note: str


def table(head: str, outcomes: Iterable[Outcome]) -> str:
    """The Markdown table. What was called twice is one line, and works if it worked each time."""
    merged: dict[str, Outcome] = {}
    for each in outcomes:
        first = merged.setdefault(each.called, each)
        merged[each.called] = first._replace(works=first.works and each.works)
    lines = [f"| {head} | works | notes |", "|---|---|---|"]
    lines += [
        f"| `{called}` | {'yes' if works else 'no'} | {note} |"
        for called, works, note in merged.values()
    ]
    return "\n".join(lines) + "\n"


def part_of_page(name: str) -> str:
    """The table of that name in the page."""
    begin, end = _bounds(PAGE.read_text(), name)
    return PAGE.read_text()[begin:end]


def write_part(name: str, text: str) -> None:
    """Replace the table of that name in the page."""
    page = PAGE.read_text()
    begin, end = _bounds(page, name)
    PAGE.write_text(page[:begin] + text + page[end:])


def _bounds(page: str, name: str) -> tuple[int, int]:
    """Where the table stands, between the comments that name it."""
    begin = f"<!-- {name}: written by make vendor-tools -->\n"
    return page.index(begin) + len(begin), page.index(f"<!-- end of {name} -->")
