"""The commands in a page of documentation, as they stand there."""

import re
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^( *)```\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def shell_blocks(page: str, heading: str = "") -> list[str]:
    """The code blocks without a language in the page's section with this heading, or in all."""
    text = (ROOT / page).read_text()
    if heading:
        _, found, rest = text.partition(f"\n{heading}\n")
        assert found, f"{page} has no heading {heading}"
        level = heading.partition(" ")[0]
        text = re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]
    return [textwrap.dedent(body) for _, body in _BLOCK.findall(text)]
