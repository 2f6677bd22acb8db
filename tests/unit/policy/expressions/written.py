"""Handwritten expressions, by topic. Tests compare their values with the vendor's engine.

`cases/` has a file for each topic, with an expression a line.
"""

from pathlib import Path
from typing import Final

TOPICS: Final = {
    file.stem: tuple(file.read_text(encoding="utf-8").splitlines())
    for file in sorted((Path(__file__).parent / "cases").glob("*.txt"))
}

WRITTEN: Final = tuple(inner for cases in TOPICS.values() for inner in cases)
