"""Expressions that are refused when the policy is synced, and what the admin reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ExpressionError
from adapter.policy.expression import compile_expression


def complaint_about(source: str) -> str:
    """What the admin reads."""
    with pytest.raises(ExpressionError) as refused:
        compile_expression(source)
    return str(refused.value)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("#[payload.user]", "unsupported name 'payload' (Envoy asks before"),
        ("#[payload.user]", "at position 3"),
        ("#[vars.x]", "unsupported vars.x at position 7"),
        ("#[vars.claimSet]", "expected .name or ['name']"),
        ("#[attributes.5]", "expected .name or ['name']"),
        ("#[uuid()]", "unsupported name 'uuid' (a decision depends on the request alone"),
        ("#[attributes.localAddress]", "unsupported attributes.localAddress at position 13"),
        ("#[attributes]", "expected .name or ['name']"),
        ("#[attributes.headers]", "expected .name or ['name']"),
        ("#[attributes.headers.x.y]", "unexpected '.' at position 23"),
        ("#[authentication.properties]", "unsupported authentication.properties"),
        ("#[1 + 2]", "unsupported syntax '+' at position 5 of the expression; only ++"),
        ("#[1 -1]", "unexpected '-1' at position 5"),
        ("#[- 1]", "write a minus directly before a number"),
        ("#[attributes.headers.client-id]", "a name with a hyphen needs quotes"),
        ("#['a' 'b']", "unexpected text at position 7"),
        ("#['open]", "close the text with the same quote"),
        ("#[]", "unexpected end"),
        ("#[lower()]", "lower takes 1 argument(s), not 0, at position 3"),
        ("#[contains('a')]", "contains takes 2 argument(s), not 1,"),
        ("#[replace('a', 'b')]", "expected 'with', not end,"),
        ("#['a'['0']]", "expected a number from -9999 to 9999"),
        ("#['a'[1.5]]", "expected a number from -9999 to 9999"),
        ("#['a'[12345]]", "expected a number from -9999 to 9999"),
        ("#['a $(x)']", r"an interpolated $ at position 6 of the expression; write \$"),
        (r"#['\\$x']", "an interpolated $ at position 6"),
        ("#[attributes.headers['$x']]", "an interpolated $"),
        (r"#['\u12']", "four hexadecimal digits"),
        (r"#['\ud800']", "an unpaired surrogate"),
        ("#[(1]", "expected ')', not end, at position 5"),
        ("#[if (true) 1]", "expected 'else'"),
        ("#[1 ==]", "unexpected end"),
        ("#[and 1]", "unexpected 'and'"),
        ("#[1 == 'lower' default]", "unexpected end"),
        ("#[007]", "without leading zeros"),
        (f"#[{'9' * 400}]", "a number that is too large at position 3"),
        ("#[1e99999]", "a number that is too large"),
        ("#[1 = 1]", "write == to compare"),
        ("#[true && true]", "write `and`"),
        ("#[true || true]", "write `or`"),
        ("#[attributes.method matches attributes.scheme]", "matches needs a literal pattern"),
        ("#[/a/]", "unexpected pattern"),
        (
            "#[attributes.method matches /(/]",
            "the pattern at position 29 of the expression is not a",
        ),
        (
            "#[attributes.method matches /a(?=b)/]",
            "is not a regular expression of RE2: invalid perl operator",
        ),
        ("#[attributes.method matches /[a[b]]/]", "has [ or && within [...]"),
        ("#[attributes.method matches /.{400}/]", "use smaller counts"),
        (f"#[attributes.method matches /{'a' * 2_001}/]", "longer than 2,000 characters"),
        ("prefix #[attributes.method]", "either plain text, or one #[...]"),
        ("#[attributes.method", "either plain text, or one #[...]"),
    ],
)
def test_what_is_outside_the_subset_is_refused_and_named(source: str, complaint: str) -> None:
    """The admin reads what is wrong and where, before any request comes."""
    assert complaint in complaint_about(source)


@pytest.mark.parametrize(
    ("inner", "meant"),
    [
        ("attributes.header.x", "headers"),
        ("attributes.queryparams.x", "queryParams"),
        ("attribute.headers.x", "attributes"),
        ("authentication.clientid", "clientId"),
        ("vars.claimset.sub", "claimSet"),
        ("startswith('a', 'b')", "startsWith"),
        ("contain('a', 'b')", "contains"),
        ("substringafter('a', 'b')", "substringAfter"),
        ("True", "true"),
        ("NULL", "null"),
    ],
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(inner: str, meant: str) -> None:
    """The admin reads the fix."""
    assert f"did you mean {meant}?" in complaint_about(f"#[{inner}]")


@pytest.mark.parametrize(
    "inner",
    [
        "'a' ++ attributes.headers.x default 'b'",
        "'a' ++ 'b' == 'ab'",
        "not true or true",
        "not 'a' == 'b'",
        "attributes.method contains 'G' and true",
        "attributes.method matches /G/ and true",
        "'a' ++ attributes.method matches /G/",
        "attributes.method replace 'a' with 'b' ++ 'c'",
        "if (true) 'a' else 'b' ++ 'c'",
        "if (true) 'a' else attributes.headers.x default 'c'",
    ],
)
def test_what_could_be_read_in_two_ways_wants_parentheses(inner: str) -> None:
    """Where the vendor does not document which operator binds tighter, we do not guess."""
    assert "parentheses" in complaint_about(f"#[{inner}]")


@pytest.mark.parametrize(
    "inner",
    [
        "(" * 500 + "1" + ")" * 500,
        " ++ ".join(["'a'"] * 500),
        "not " * 500 + "true",
        "!" * 500 + "true",
        "'a'" * 2000,
        "vars.claimSet" + ".a" * 500,
        "'a'" + "[0]" * 500,
        "'a'" + " replace 'a' with 'b'" * 100,
    ],
    ids=["parentheses", "chain", "prefixes", "signs", "length", "members", "items", "replacements"],
)
def test_size_and_depth_are_bounded(inner: str) -> None:
    """No admin's expression can exhaust the stack."""
    complaint = complaint_about(f"#[{inner}]")
    assert any(
        why in complaint for why in ("nested deeper", "longer than", "unexpected text", "'!'")
    )


def test_errors_do_not_show_text_of_the_expression() -> None:
    """A secret that an admin wrote into an expression does not end up in a log."""
    for inner in ("attributes.method 'hunter2'", "'x' ++ /hunter2/", "'hunter2' 'a'"):
        assert "hunter2" not in complaint_about(f"#[{inner}]")


def test_a_complaint_about_a_pattern_does_not_repeat_all_of_it() -> None:
    """Messages reach logs, pages and the platform."""
    assert len(complaint_about(f"#[attributes.method matches /{'(' * 400}/]")) < 300


FRAGMENTS = st.sampled_from(
    [
        *("attributes", ".", "headers", "queryParams", "authentication", "clientId"),
        *("attributes.method", "attributes.headers.x", "attributes.requestPath"),
        *("[", "]", "(", ")", "'", '"', ",", "++", "==", "!=", "<", "default", "if", "else", "!"),
        *("not", "and", "or", "contains", "lower", "splitBy", "sizeOf", "replace", "with"),
        *("1", "2.5", "-1", "1e3", "null", "true", "'x'", "'a,b'", "[0]", "matches", "/a.b/", "/"),
        *("vars.claimSet.a", ".b", "$", r"\$", r"\u", "'[a&&b]'"),
    ]
)


@given(st.lists(FRAGMENTS, max_size=25).map(" ".join) | st.text(max_size=60))
def test_any_text_compiles_or_is_refused_with_an_expression_error(inner: str) -> None:
    """No configuration crashes the sync."""
    try:
        expression = compile_expression(f"#[{inner}]")
    except ExpressionError:
        return
    assert expression.literal is None
