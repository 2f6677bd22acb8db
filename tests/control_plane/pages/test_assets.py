"""What the package ships: templates that can be read, and scripts of others as they were made."""

import base64
import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

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
    package = vendor.PACKAGES[0]
    for name in ("htmx.min.js", "unknown.js"):
        (tmp_path / name).write_text("changed")
    found = vendor.wrong_files(tmp_path, {tmp_path / "htmx.min.js": "0", tmp_path / "LICENSE": "0"})
    assert [line.rpartition("/")[2] for line in found] == [
        "unknown.js is not recorded",
        "htmx.min.js is not what was recorded",
        "LICENSE is not what was recorded",
    ]
    assert package.integrity.startswith("sha512-")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> vendor.Package:
    """A package that `npm pack` gives, without a registry."""
    archive = tmp_path / "archive.tgz"
    with tarfile.open(archive, "w:gz") as files:
        member = tarfile.TarInfo("package/dist/a.js")
        member.size = 4
        files.addfile(member, io.BytesIO(b"a();"))
    npm = tmp_path / "bin" / "npm"
    npm.parent.mkdir()
    npm.write_text(f"#!/bin/sh\ncp {archive} .\n")
    npm.chmod(0o700)
    monkeypatch.setenv("PATH", f"{npm.parent}:{os.environ['PATH']}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    return vendor.Package("a", "1.0.0", f"sha512-{digest}", {"dist/a.js": "any"})


def test_a_package_is_fetched_and_checked(registry: vendor.Package, tmp_path: Path) -> None:
    """Only the files that we ship are written, and nothing of another package."""
    vendor.fetch(registry, tmp_path)
    assert (tmp_path / "a-1.0.0" / "a.js").read_text() == "a();"
    with pytest.raises(ValueError, match=r"a 1\.0\.0 is not what was recorded"):
        vendor.fetch(replace(registry, integrity="sha512-other"), tmp_path)


def test_the_check_is_a_command() -> None:
    """For those who renew a script."""
    subprocess.run([sys.executable, "-m", "control_plane.pages.vendor", "--check"], check=True)


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
