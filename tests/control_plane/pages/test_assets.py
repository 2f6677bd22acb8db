"""What the package ships: templates that can be read, and scripts of others as they were made."""

import re
from pathlib import Path

from control_plane.pages import vendor
from control_plane.pages.security_headers import POLICY
from control_plane.pages.templating import STATIC, environment

TEMPLATES = STATIC.parent / "templates"


def test_every_template_can_be_read() -> None:
    """A mistake in one is found without visiting its page."""
    names = environment().list_templates()
    assert len(names) > 10
    for name in names:
        environment().get_template(name)


def test_the_scripts_of_others_are_what_was_recorded() -> None:
    """Nobody has changed or added one."""
    assert vendor.wrong_files() == []


def test_a_changed_script_of_others_is_found(tmp_path: Path) -> None:
    """Also one that is missing, and one that nobody knows."""
    [package] = vendor.PACKAGES
    for name in ("htmx.min.js", "unknown.js"):
        (tmp_path / name).write_text("changed")
    found = vendor.wrong_files(tmp_path, {tmp_path / "htmx.min.js": "0", tmp_path / "LICENSE": "0"})
    assert [line.rpartition("/")[2] for line in found] == [
        "unknown.js is not recorded",
        "htmx.min.js is not what was recorded",
        "LICENSE is not what was recorded",
    ]
    assert package.integrity.startswith("sha512-")


def test_no_template_has_what_the_policy_blocks() -> None:
    """No inline script or style, no handler, and nothing from elsewhere."""
    assert "unsafe" not in POLICY
    for path in TEMPLATES.rglob("*.html"):
        text = path.read_text()
        assert not re.search(r"\son[a-z]+=|\sstyle=|<style|javascript:", text), path
        for attributes in re.findall(r"<script([^>]*)>", text):
            assert "src=" in attributes or "application/json" in attributes, path
        assert not re.search(r"(src|href|action)=\"(https?:)?//", text), path
        assert "| safe" not in text, path
