"""What a client can do to an expression: nothing but make it fail."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.policy.expression import Failed, Value, compile_expression
from adapter.policy.expression.effort import MAX_EFFORT
from adapter.policy.expression.query import query_parameter_reader
from adapter.policy.verdicts import Continue, Identity
from tests.unit.policy.gateway import a_request, an_evaluation

LONG = 60_000
"""Bytes of headers that Envoy accepts by default."""


def outcome(inner: str, headers: dict[str, str], query: str = "") -> Value | Failed:
    """What the expression makes of that request."""
    evaluation = an_evaluation(a_request(headers, path=f"/?{query}"))
    return compile_expression(f"#[{inner}]").evaluate(evaluation)


@pytest.mark.parametrize(
    ("inner", "text"),
    [
        ("attributes.queryParams.q", ""),
        ("lower(attributes.headers.x)", "Σ"),
        ("upper(attributes.headers.x)", "ß"),
        ("trim(attributes.headers.x)", " "),
        ("isBlank(attributes.headers.x)", " "),
        ("attributes.headers.x splitBy ','", ","),
        ("attributes.headers.x splitBy ''", "a"),
        ("attributes.headers.x replace ',' with 'xy'", ","),
        ("attributes.headers.x contains 'aab'", "a"),
        ("attributes.headers.x contains attributes.headers.x", "a"),
        ("substringAfterLast(attributes.headers.x, 'aab')", "a"),
        ("substringBeforeLast(attributes.headers.x, attributes.headers.x)", "a"),
        ("attributes.headers.x ++ attributes.headers.x", "a"),
        ("attributes.headers.x matches /.*a.{20}/", "a"),
        ("attributes.headers.x > 5", "1"),
        ("(attributes.headers.x > 5) and true", "1"),
    ],
)
def test_a_request_that_would_cost_too_much_makes_the_expression_fail(
    inner: str, text: str
) -> None:
    """One client's 60 KB must not delay everybody else."""
    count = LONG // len(text.encode()) if text else 0
    result = outcome(inner, {"x": text * count}, "a&" * (LONG // 2))
    assert isinstance(result, Failed)
    assert result.why


def test_an_expression_stops_at_the_first_step_that_is_too_much() -> None:
    """However long an expression is, a request has one share for all of it."""
    inner = "(" + ") or (".join(["attributes.headers.x contains 'b'"] * 25) + ")"
    evaluation = an_evaluation(a_request({"x": "a" * 8_000}))
    assert isinstance(compile_expression(f"#[{inner}]").evaluate(evaluation), Failed)
    assert MAX_EFFORT < evaluation.effort < 2 * MAX_EFFORT


@pytest.mark.parametrize(
    ("inner", "why"),
    [
        ("contains(attributes.headers.long, attributes.headers.long)", "more than 128 characters"),
        ("attributes.headers.many splitBy ','", "more than 1000 items"),
        (
            "(attributes.headers.some splitBy ',') ++ (attributes.headers.some splitBy ',')",
            "more than 1000 items",
        ),
        (
            "(attributes.headers.some splitBy ',') joinBy attributes.headers.long",
            "more than 65536 characters",
        ),
        (
            "attributes.headers.some replace ',' with attributes.headers.long",
            "more than 65536 characters",
        ),
    ],
)
def test_what_an_expression_builds_is_bounded(inner: str, why: str) -> None:
    """Beyond a bound the expression fails, and the operator reads which bound it was."""
    headers = {"long": "x" * 200, "some": "a," * 600, "many": "a," * 1_001}
    found = outcome(inner, headers)
    assert isinstance(found, Failed)
    assert why in found.why


def test_all_expressions_of_a_request_have_one_share() -> None:
    """Many policies on one API don't multiply what a client can cost."""
    evaluation = an_evaluation(a_request({"x": "a" * 8_000}))
    expression = compile_expression("#[attributes.headers.x contains 'b']")
    results = [expression.evaluate(evaluation) for _ in range(10)]
    assert results[0] is False
    assert isinstance(results[-1], Failed)


def test_ordinary_requests_use_a_small_part_of_the_share() -> None:
    """A bound that ordinary requests reach would be an outage."""
    headers = {"authorization": "Bearer " + "a" * 2_000, "x-roles": "a,b,c" * 20}
    evaluation = an_evaluation(a_request(headers, path="/orders/7?" + "key=some+value&" * 30))
    for inner in (
        "substringAfter(attributes.headers.authorization, ' ')",
        "(attributes.headers['x-roles'] splitBy ',') contains 'b'",
        r"attributes.requestPath matches /\/orders\/\d+/",
        "attributes.queryParams.key",
        "attributes.queryParams.absent default 'x'",
        "lower(attributes.headers['x-roles'])",
    ):
        assert not isinstance(compile_expression(f"#[{inner}]").evaluate(evaluation), Failed)
    assert evaluation.effort < MAX_EFFORT / 5


def test_two_long_ids_are_two_keys() -> None:
    """Beyond 2^53 a floating-point number would give both of them one rate limit."""
    keys = set()
    for number in (2**53, 2**53 + 1, Decimal("0.30000000000000004"), Decimal("0.3")):
        evaluation = an_evaluation(a_request())
        evaluation.establish(Continue(claims={"id": number}))
        keys.add(compile_expression("#[vars.claimSet.id]").text(evaluation))
    assert keys == {"9007199254740992", "9007199254740993", "0.30000000000000004", "0.3"}


NAMES = st.text(min_size=1, max_size=8).filter(lambda name: "\ufffd" not in name)
PAIRS = st.lists(
    st.one_of(
        st.tuples(NAMES, st.text(max_size=8)).map(lambda p: f"{quote(p[0])}={quote_plus(p[1])}"),
        NAMES.map(lambda name: quote(name, safe="")),
        st.text("aA%+=&2 1fé;?", max_size=8),
    ),
    max_size=6,
).map("&".join)


@given(NAMES | st.text("aA%+=&2 1fé;?", min_size=1, max_size=3), PAIRS)
def test_a_query_parameter_is_what_a_parser_of_all_of_them_finds(name: str, query: str) -> None:
    """Every spelling of a name counts, and nothing else does."""
    pairs = parse_qsl(query, keep_blank_values=True)
    expected = next((value for key, value in pairs if key == name), None)
    assert query_parameter_reader(name)(an_evaluation(a_request(path=f"/?{query}"))) == expected


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    functions = ["lower", "upper", "trim", "sizeOf", "isEmpty", "isBlank", "isNumeric", "!", "not "]
    return st.one_of(
        st.tuples(
            st.sampled_from(
                [
                    *("++", "==", "<", ">=", "and", "or", "default", "contains", "startsWith"),
                    *("endsWith", "splitBy", "joinBy", "substringAfterLast", "substringBefore"),
                ]
            ),
            pairs,
        ).map(lambda t: f"({t[1][0]}) {t[0]} ({t[1][1]})"),
        st.tuples(st.sampled_from(functions), inner).map(lambda t: f"{t[0]}({t[1]})"),
        pairs.map(lambda t: f"({t[0]}) replace ({t[1]}) with 'x,y'"),
        pairs.map(lambda t: f"if ({t[0]}) ({t[1]}) else 'x'"),
        inner.map(lambda t: f"({t}) matches /.*[a,]+b?/"),
        st.tuples(inner, st.integers(-9, 9)).map(lambda t: f"({t[0]})[{t[1]}]"),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            *("'a'", "3", "-1.5e3", "true", "null", "['a', 2]", "''"),
            *("attributes.headers.x", "attributes.headers.y", "attributes.queryParams.x"),
            *("attributes.requestUri", "authentication.principal"),
            *("vars.claimSet.a", "vars.claimSet.a.b", "vars.claimSet.a[0].b"),
        ]
    ),
    _larger,
    max_leaves=8,
)
TEXTS = (
    st.text()
    | st.text(st.characters(categories=["Cs", "L"]), max_size=5)
    | st.text("1234567890.eE+-", max_size=8)
    | st.sampled_from(["true", "a" * 70_000])
)
CLAIMS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=6,
)


@given(EXPRESSIONS, TEXTS, TEXTS, st.none() | st.text(), CLAIMS)
def test_no_request_makes_an_expression_raise(
    inner: str, header: str, query: str, address: str | None, claim: Any
) -> None:
    """Evaluation answers with a value or a named failure, whatever the client sent."""
    request = a_request({"x": header, "y": query}, path=f"/?x={query}", client_address=address)
    evaluation = an_evaluation(request, identity=Identity("c1"))
    evaluation.establish(Continue(claims={"a": claim}))
    result = compile_expression(f"#[{inner}]").text(evaluation)
    assert result is None or isinstance(result, str | Failed)
