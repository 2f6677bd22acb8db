"""YAML of environment files: JSON values, and no surprises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.platform_client.environment_file.pace import Pace
from adapter.platform_client.environment_file.yaml_values import read_values
from control_plane.cli.file_mistakes import MistakenFileError
from control_plane.cli.yaml_document import read_yaml, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
ODD_TEXTS = st.sampled_from(
    [
        "yes",
        "0123",
        "1.0",
        "1e3",
        "-1",
        "~",
        "null",
        "2024-01-31",
        "1:30",
        "",
        "=",
        "<<",
        "*a",
        "&a",
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS
    | ODD_TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(TEXTS | ODD_TEXTS, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_written_is_read_again(value: object) -> None:
    """Whatever a policy's configuration has, with the same types."""
    found = read_yaml("e.yaml", write_yaml({"value": value})).value["value"]
    assert repr(found) == repr(value)


def test_a_scalar_is_what_json_would_read_or_text() -> None:
    """YAML itself would find a truth, an octal number, a date and a time here."""
    text = "[yes, 0123, 2024-01-31, 1:30, 1.5, 1e3, -2, '7', true, null, ~, ]"
    assert read_yaml("e.yaml", text).value == [
        *("yes", "0123", "2024-01-31", "1:30", 1.5, 1000.0, -2, "7", True, None, None),
    ]


def test_the_adapter_reads_the_same() -> None:
    """The two programs share no code, but the page of the format holds for both."""
    scalars = "~ null Null true True 1 1.0 1e3 +1 01 .5 0x10 '1' \"\\x41\" 1_000 -0 .inf = yes 1:30"
    texts = [*(f"a: {scalar}" for scalar in scalars.split()), "a:", "{1: a, true: b, ~: c}"]
    texts += ["a: |\n  x\n", "? a\n: b", "- [a: b]\n- {a, b}", "a: <<", "%YAML 1.1\n---\na: no"]
    for text in texts:
        adapters = read_values(text, lambda value, _: value, Pace(1.0))
        assert repr(read_yaml("e.yaml", text).value) == repr(adapters), text


def test_lines_are_found_by_path() -> None:
    """A member that is missing has the line of its object."""
    found = read_yaml("e.yaml", "version: 1\napis:\n- assetId: a\n  tags: [x]\n")
    assert found.line_of("apis.0.tags.0") == 4
    assert found.line_of("apis.0.groupId.x") == 3
    assert found.line_of("nothing") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x [1]\nb: *x", "e.yaml:1: anchors (&name) are not supported; remove it"),
        ("a: 1\nb: *x", "e.yaml:2: aliases (*name) are not supported; write the value again"),
        (
            "a: !!python/name:os.system 1",
            "e.yaml:1: tags (tag:yaml.org,2002:python/name:os.system)",
        ),
        ("a: 1\nb: 2\na: 3", "e.yaml:3: a occurs twice in one object; remove one"),
        ("<<: {a: 1}", "e.yaml:1: merge keys (<<) are not supported; write the members"),
        ("? [a]\n: 1", "e.yaml:1: the name of a member must be text"),
        ("a: 1\n---\nb: 1", "e.yaml:2: a second document begins here; remove it"),
        ("[" * 101 + "]" * 101, "e.yaml:1: more than 100 levels of lists and objects"),
        ("# nothing", "e.yaml: the file is empty"),
        ("a: 1\n  b: 2", "e.yaml:2: not YAML: "),
        ("a: \0", "e.yaml: not YAML: "),
        ("a: 1e999", "e.yaml:1: the number 1e999 is too large"),
    ],
)
def test_what_is_not_for_environment_files_is_refused(text: str, message: str) -> None:
    """With the line, and what to do."""
    with pytest.raises(MistakenFileError) as refused:
        read_yaml("e.yaml", text)
    assert message in str(refused.value)
