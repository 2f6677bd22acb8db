"""docs/architecture.md describes the tree that is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text()


def described() -> set[str]:
    """The paths in the block that shows the tree."""
    _, _, rest = PAGE.partition("## The tree\n\n```\n")
    block, _, _ = rest.partition("```")
    paths, parents = set(), [""]
    for indent, name in re.findall(r"^( *)([\w.]+/?)", block, re.MULTILINE):
        depth = len(indent) // 2
        parents[depth + 1 :] = [parents[depth] + name]
        paths.add(parents[depth + 1].rstrip("/"))
    return paths


def test_everything_in_the_tree_exists() -> None:
    """A newcomer finds each room and file that the page names."""
    assert {path for path in described() if not (ROOT / path).exists()} == set()


def test_every_room_is_in_the_tree() -> None:
    """A newcomer reads about each package of the adapter and of the control plane."""
    rooms = {
        f"{program}/{room.parent.name}"
        for program in ("adapter", "control_plane")
        for room in (ROOT / program).glob("*/__init__.py")
    }
    assert rooms - described() == set()


def test_the_steps_name_files_that_exist() -> None:
    """A newcomer can open each file of the data flows; a step may name one without its room."""
    files = set(re.findall(r"`([\w/]+\.py)`", PAGE)) - {"hatch_build.py"}
    programs = (ROOT / "adapter", ROOT / "control_plane")
    missing = {file for file in files if not any(any(room.rglob(file)) for room in programs)}
    assert missing == set()
