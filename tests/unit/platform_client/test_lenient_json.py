"""JSON that parsers refuse: what is bad is left out by itself."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.protocol.lenient_json import Unreadable, read_leniently

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)
BAD = st.sampled_from(
    [
        "[" * 3000 + "]" * 3000,
        '{"a":' * 3000 + "1" + "}" * 3000,
        "9" * 5000,
        "-" + "9" * 5000,
        "nul",
        '{"a":1,,"b":2}',
        '{"a":1,}',
        "[1 2]",
        '"\\x"',
    ]
)
"""JSON texts that cannot be read, and where they end is clear."""


def legible(value: Any) -> Any:
    """The value, with a question mark for whatever cannot be read."""
    if isinstance(value, Unreadable):
        return "?"
    if isinstance(value, dict):
        return {name: legible(inner) for name, inner in value.items()}
    return [legible(inner) for inner in value] if isinstance(value, list) else value


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_a_strict_parser_reads_is_read_the_same(
    value: Any, indent: int | None, ascii_only: bool
) -> None:
    """Nothing is lost and nothing is added."""
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read_leniently(text.encode("utf-8", "surrogatepass")) == json.loads(text)


@given(st.lists(VALUES, max_size=4), st.lists(VALUES, max_size=4), BAD)
def test_one_bad_entry_of_a_list_spoils_no_other(
    before: list[Any], after: list[Any], bad: str
) -> None:
    """The entries ahead of it and behind it are all there."""
    texts = [*map(json.dumps, before), bad, *map(json.dumps, after)]
    read = read_leniently(f'{{"total": 3, "rows": [{",".join(texts)}], "links": {{}}}}'.encode())
    assert (read["total"], read["links"]) == (3, {})
    rows = read["rows"]
    assert rows[: len(before)] == before
    assert rows[len(before) + 1 :] == after


@given(BAD, st.dictionaries(st.text(), VALUES, max_size=4))
def test_one_bad_member_spoils_no_other(bad: str, others: dict[str, Any]) -> None:
    """What names the entry can still be read, so that its fault names it."""
    row = json.dumps(others | {"id": 7})[:-1] + f', "bad": {bad}}}'
    (read,) = read_leniently(f"[{row}]".encode())
    assert read | {"bad": None} == others | {"id": 7, "bad": None}


def test_half_a_surrogate_pair_is_kept_as_it_is() -> None:
    """The reader of the member decides what it means."""
    assert read_leniently(rb'["Shop \ud83d", "\ud83d\ude00"]') == ["Shop \ud83d", "\U0001f600"]


def test_octets_that_are_not_utf_8_spoil_their_text_alone() -> None:
    """A name in Latin-1 makes no page unreadable."""
    assert read_leniently(b'["Caf\xe9", "ok"]') == ["Caf\udce9", "ok"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "<html>",
        "[1, 2",
        '{"a": [}',
        '{"a": "x',
        "[] []",
        '["' + '\\"' * 100_000,
        "]",
        "[" * 5_000,
    ],
)
def test_what_is_no_json_as_a_whole_is_refused(text: str) -> None:
    """A list that was cut off is not taken for a shorter one."""
    with pytest.raises(ValueError, match=r"\S"):
        read_leniently(text.encode())


@given(st.binary(max_size=40) | st.text('[]{},:"\\\\a1 ', max_size=40).map(str.encode))
def test_no_octets_make_the_reading_fail_otherwise(body: bytes) -> None:
    """Any input gives a value or a ValueError."""
    try:
        legible(read_leniently(body))
    except ValueError:
        return
