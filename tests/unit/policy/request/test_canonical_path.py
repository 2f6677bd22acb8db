"""Which paths have one reading only."""

import posixpath
import re
import unicodedata
from urllib.parse import quote, unquote, unquote_to_bytes

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapter.policy.request.canonical_path import (
    AMBIGUOUS_PATH,
    PATH_TOO_LONG,
    is_canonical,
    obstacle_in,
)

AS_THEY_ARE = "!$&'()*+,-.:=@_~"
"""What a segment may hold besides letters and digits; `;` begins a path parameter."""


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/a",
        "/a/",
        "/a/b.c",
        "/a/..b",
        "/a/...",
        "/.well-known/x",
        "/my%20file",
        "/a/.%20x",
        "/caf%C3%A9",
        "/%E6%97%A5%E6%9C%AC",
        "/%F0%9F%9A%80",
        "/a:b@c!$&'()*+,=",
        "/users/@me",
        "/v1/items:batch",
        "/odata/Products(1)",
        "/a%22b%23c%3Fd",
        "/%3Ca%3E%5B0%5D%5E%60%7Bx%7C%7D",
    ],
)
def test_plain_paths_are_canonical(path: str) -> None:
    """Ordinary requests are not denied."""
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
        "/a//",
        "/.",
        "/..",
        "/./",
        "/a/./b",
        "/a/../b",
        "/a/..",
        "/a\\b",
        "/a;v=1",
        "/;/a",
        "/a%2fb",
        "/a%2Fb",
        "/a%5cb",
        "/a%00",
        "/a%0A",
        "/a%7F",
        "/a%C2%85",
        "/a\x00",
        "/a\n",
        "/a\tb",
        "/a b",
        "/a#b",
        "/caf\u00e9",
        "/a\x7f",
        "/%2e%2e/b",
        "/x/%252e%252e/b",
        "/%41",
        "/%7E",
        "/%5f",
        "/%",
        "/%4",
        "/%zz",
        "/%4g",
        "/%u0041",
        "/users/%40me",
        "/v1/items%3Abatch",
        "/odata/Products%281%29",
        "/a%2Bb",
        "/a%3Bb",
        "/caf%c3%a9",
        "/caf%E9",
        "/caf%C3",
        "/a%C0%AFb",
        "/%E0%80%AF",
        "/%ED%A0%80",
        "/%F5%80%80%80",
        "/orders%20/1",
        "/%20orders/1",
        "/orders/1%20",
        "/a/..%20/b",
        '/a"b',
        "/a[0]",
        "/a|b",
        "/{id}",
    ],
)
def test_ambiguous_paths_are_not(path: str) -> None:
    """What an upstream could read differently is never matched against a rule."""
    assert not is_canonical(path)
    assert obstacle_in(path) is AMBIGUOUS_PATH


def test_each_octet_has_exactly_one_spelling() -> None:
    """Raw or encoded by capital digits; none at all for what servers disagree about."""
    for octet in range(256):
        encoded, raw = f"%{octet:02X}", chr(octet)
        spellings = [s for s in {raw, encoded, encoded.lower()} if is_canonical(f"/a{s}b")]
        if raw.isascii() and (raw.isalnum() or raw in AS_THEY_ARE):
            assert spellings == [raw]
        elif raw.isascii() and raw.isprintable() and raw not in "/\\;%":
            assert spellings == [encoded]
        else:
            assert spellings == ([raw] if raw == "/" else [])


@given(st.binary(min_size=1, max_size=5))
@example(b"\xe2\x82\xac")
@example(b"\xf4\x8f\xbf\xbf")
@example(b"\xf4\x90\x80\x80")
@example(b"\xc2\x80")
def test_octets_beyond_ascii_are_utf_8_in_the_shortest_form(octets: bytes) -> None:
    """And no control characters."""
    octets = bytes(octet | 0x80 for octet in octets)
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        expected = False
    else:
        expected = all(unicodedata.category(character) != "Cc" for character in text)
    assert is_canonical("/a" + "".join(f"%{octet:02X}" for octet in octets)) is expected


PIECES = st.one_of(
    st.sampled_from(
        ["a", "b.c", ".", "..", "", "%20", "%2e", "%2F", ";x", "\\", "~", "%", "#", "é", "%25", "@"]
    ),
    st.integers(0, 255).map(lambda octet: f"%{octet:02X}"),
    st.integers(0, 255).map(lambda octet: f"%{octet:02x}"),
    st.characters(codec="utf-8").map(quote),
)
PATHS = st.one_of(
    st.lists(st.lists(PIECES, max_size=3).map("".join)).map(lambda s: "/" + "/".join(s)),
    st.text(st.characters(codec="ascii")).map(lambda s: f"/{s}"),
    st.text().map(lambda s: "/" + quote(s, safe="/" + AS_THEY_ARE)),
)


def _reencoded(text: str | bytes) -> str:
    return quote(text, safe="/" + AS_THEY_ARE)


def _without_parameters(path: str) -> str:
    """As servlet containers read it."""
    return "/".join(segment.partition(";")[0] for segment in path.split("/"))


def _normalized(path: str) -> str:
    """Slashes merged and dots resolved."""
    return posixpath.normpath(path) + ("/" if path.endswith("/") and path != "/" else "")


def _trimmed(path: str) -> str:
    """As Windows and some frameworks read the names of files and handlers."""
    return "/".join(segment.strip(" ") for segment in path.split("/"))


@given(PATHS)
def test_a_canonical_path_comes_back_from_every_server(path: str) -> None:
    """Servers decode it, once or twice, clean it in some way, and mean the very same path."""
    if not is_canonical(path):
        return
    decoded = unquote(path, errors="strict")  # WSGI servers, aiohttp, Starlette
    assert _reencoded(decoded) == path
    assert _reencoded(unquote_to_bytes(path)) == path
    assert unquote(decoded) == decoded
    for cleaned in (_without_parameters, _normalized, _trimmed):
        assert cleaned(path) == path
        assert cleaned(decoded) == decoded
    assert not re.search(r"[\x00-\x1f\x7f\\]", decoded)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_can_be_named_in_a_path(text: str) -> None:
    """A client that encodes as RFC 3986 asks is served, whatever the name of the thing."""
    name = re.sub(r"[/\\;% ]", "", text)
    path = "/things/" + _reencoded(name) + "/x"
    if name not in {"", ".", ".."}:
        assert is_canonical(path)


@pytest.mark.parametrize("piece", ["a", "a/", "%E2%82%AC", ".%20", "%", "..", "a%20"])
def test_a_path_that_is_too_long_for_rules_is_told_as_such(piece: str) -> None:
    """Otherwise a client could send a very long one, and delay all others."""
    path = "/" + piece * 5_000
    assert obstacle_in(path) is PATH_TOO_LONG
    assert obstacle_in("/" + "a" * 4_095) is None
