"""The commands in a page of documentation, as they stand there."""

import textwrap
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = "```"


def headings(page: str) -> list[str]:
    """The headings of the page below its title, such as `## Start`."""
    return [line for line, block in _lines(page) if block is None and line.startswith("##")]


def shell_blocks(page: str, heading: str = "") -> list[str]:
    """The code blocks without a language: in the section with this heading, or in the page."""
    found, level = [], 0
    inside = not heading
    for line, block in _lines(page):
        if block is not None and inside:
            found.append(block)
        elif line == heading:
            inside, level = True, _level(line)
        elif heading and line.startswith("#") and _level(line) <= level:
            inside = False
    return found


def _level(heading: str) -> int:
    return len(heading.partition(" ")[0])


def _lines(page: str) -> Iterator[tuple[str, str | None]]:
    """Each line outside code blocks, and each block without a language in its place."""
    lines = iter((ROOT / page).read_text().splitlines(keepends=True))
    for line in lines:
        if not line.lstrip().startswith(_FENCE):
            yield line.rstrip("\n"), None
            continue
        block = []
        for inner in lines:
            if inner.strip() == _FENCE:
                break
            block.append(inner)
        if line.strip() == _FENCE:
            yield "", textwrap.dedent("".join(block))
