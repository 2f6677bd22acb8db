"""Which paths have one reading only."""

import posixpath
import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.paths import is_canonical


@pytest.mark.parametrize(
    "path", ["/", "/a", "/a/", "/a/b.c", "/a/..b", "/a/...", "/%20x", "/%E4", "/a:b@c!$&'()*+,="]
)
def test_plain_paths_are_canonical(path: str) -> None:
    """Ordinary requests are not held up."""
    assert is_canonical(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "*",
        "a",
        "http://h/a",
        "//a",
        "/a//b",
        "/.",
        "/..",
        "/a/./b",
        "/a/../b",
        "/a/..",
        "/a\\b",
        "/a;v=1",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a%00",
        "/a\x00",
        "/a\tb",
        "/a b",
        "/a#b",
        "/caf\u00e9",
        "/a\x7f",
        "/%2e%2e/b",
        "/%41",
        "/%7E",
        "/%5f",
        "/%",
        "/%4",
        "/%zz",
        "/%4g",
    ],
)
def test_ambiguous_paths_are_not(path: str) -> None:
    """What an upstream could read differently is never matched against a rule."""
    assert not is_canonical(path)


SEGMENTS = st.sampled_from(
    [
        "a",
        "b.c",
        "%20",
        "%e4",
        "..",
        ".",
        "",
        "%2e",
        "%2F",
        ";x",
        "\\",
        "%41",
        "~",
        "%",
        "%7e",
        "%5F",
        "#",
        "é",
    ]
)
PATHS = st.one_of(
    st.lists(st.lists(SEGMENTS, max_size=3).map("".join)).map(lambda s: "/" + "/".join(s)),
    st.text(st.characters(codec="ascii")).map(lambda s: f"/{s}"),
)


def _decoded_where_unreserved(path: str) -> str:
    """RFC 3986, 6.2.2.2."""

    def decoded(match: re.Match[str]) -> str:
        character = unquote_to_bytes(match.group()).decode("latin-1")
        return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else match.group()

    return re.sub("%[0-9a-fA-F]{2}", decoded, path)


@given(PATHS)
def test_a_canonical_path_is_left_alone_by_every_normalization(path: str) -> None:
    """Upstreams that normalize and those that don't see the same path."""
    if is_canonical(path):
        assert _decoded_where_unreserved(path) == path
        trailing = "/" if path.endswith("/") and path != "/" else ""
        assert posixpath.normpath(path) + trailing == path
        assert not set(path) & set("\\;\x00")
