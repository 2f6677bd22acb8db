"""docs/known-mistakes.md names tests that exist."""

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "known-mistakes.md").read_text()
ROWS = re.findall(r"^\| (?!what goes|---)(.+) \| (.+) \|$", PAGE, re.MULTILINE)


def test_each_mistake_has_a_test_that_exists() -> None:
    """A renamed test is renamed on the page, too."""
    assert len(ROWS) > 50
    for mistake, cell in ROWS:
        tests = re.findall(r"\[`(\w+)(?:\.py)?`\]\(([^)]+)\)", cell)
        assert tests, mistake
        for name, path in tests:
            file = DOCS / path
            assert name == file.stem or f"def {name}(" in file.read_text(), (mistake, name)
