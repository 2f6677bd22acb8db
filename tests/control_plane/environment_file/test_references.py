"""References: what is not in the file itself."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.cli.references import References, escaped


@given(st.text(st.sampled_from("${}a:")))
def test_an_escaped_text_is_the_text_again(text: str) -> None:
    """So an export can be applied, whatever texts the platform has."""
    references = References(Path(), {})
    assert references.replaced({"a": [escaped(text)]}) == {"a": [text]}
    assert not references.mistakes


def test_variables_and_files_are_replaced(tmp_path: Path) -> None:
    """A relative path begins at the file's directory. The line end of a secret's file is none."""
    (tmp_path / "secret").write_text("hush\r\n")
    references = References(tmp_path, {"HOST": "up.example", "SHOP": "s"})
    document = {
        "uri": "https://${HOST}/$${x}",
        "number": 1,
        "applications": [{"clientSecret": "${file:secret}"}, {"clientSecret": "${SHOP}"}],
    }
    assert references.replaced(document) == {
        "uri": "https://up.example/${x}",
        "number": 1,
        "applications": [{"clientSecret": "hush"}, {"clientSecret": "s"}],
    }
    assert not references.mistakes


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("${NOPE}", "the environment variable NOPE is not set"),
        ("${file:nope}", "nope can't be read: No such file or directory"),
        ("${file:big}", "big is over 64 KiB"),
        ("${file:binary}", "binary is not UTF-8"),
        ("${file:\0}", "can't be read"),
        ("${a b}", "${a b} is not a reference; write $${ for the text ${"),
        ("${OPEN", "a reference has no end"),
        ("${BYTES}", "the environment variable BYTES is not UTF-8"),
    ],
)
def test_what_can_not_be_replaced_is_named(tmp_path: Path, text: str, message: str) -> None:
    """Each of them, with its path."""
    (tmp_path / "big").write_text("a" * 65_537)
    (tmp_path / "binary").write_bytes(b"\xff")
    references = References(tmp_path, {"BYTES": "\udcff"})
    references.replaced({"a": {"b": [text, text]}})
    assert [mistake.path for mistake in references.mistakes] == ["a.b.0", "a.b.1"]
    assert message in references.mistakes[0].message


def test_a_client_secret_is_never_in_the_file() -> None:
    """It has to be a reference, so that the file can be kept in Git."""
    references = References(Path(), {"A": "a"})
    secrets = ["hush", "x${A}", "${A}${A}"]
    references.replaced({"applications": [{"clientSecret": secret} for secret in secrets]})
    assert [mistake.path for mistake in references.mistakes] == [
        f"applications.{place}.clientSecret" for place in range(3)
    ]
    assert "hush" not in str(references.mistakes)
