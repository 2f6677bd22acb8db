"""Expressions: what they read, compute and refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ExpressionError
from adapter.policy.decision import Continue, Identity
from adapter.policy.expression import Failed, Value, compile_expression
from tests.unit.policy.gateway import a_request, an_evaluation

REQUEST = a_request(
    {"x-plan": "gold", "x-count": "12", "x-list": "a,b,c", "x-empty": ""},
    path="/orders/7?sort=up&q=a%20b&q=second&flag",
    method="POST",
)
ALICE = Identity("c1", "Alice's App", principal="alice")


def value(inner: str, *, identity: Identity | None = ALICE) -> Value | Failed:
    """What `#[inner]` evaluates to for REQUEST."""
    return compile_expression(f"#[{inner}]").evaluate(an_evaluation(REQUEST, identity=identity))


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("attributes.headers['x-plan']", "gold"),
        ("attributes.headers['X-Plan']", "gold"),
        ('attributes["headers"]["x-plan"]', "gold"),
        ("attributes.headers.'x-plan'", "gold"),
        ("attributes.headers['absent']", None),
        ("attributes.queryParams.sort", "up"),
        ("attributes.queryParams['q']", "a b"),
        ("attributes.queryParams.flag", ""),
        ("attributes.queryParams.absent", None),
        ("attributes.method", "POST"),
        ("attributes.requestPath", "/orders/7"),
        ("attributes.requestUri", "/orders/7?sort=up&q=a%20b&q=second&flag"),
        ("attributes.queryString", "sort=up&q=a%20b&q=second&flag"),
        ("attributes.scheme", "https"),
        ("attributes.version", "HTTP/1.1"),
        ("attributes.remoteAddress", "192.0.2.1"),
        ("authentication.clientId", "c1"),
        ("authentication.clientName", "Alice's App"),
        ("authentication.principal", "alice"),
    ],
)
def test_reads_attributes_and_identity(inner: str, expected: Value) -> None:
    """Every documented attribute that a Check can see has its value."""
    assert value(inner) == expected


def test_without_identity_authentication_is_null() -> None:
    """An anonymous request is nobody's, and no failure."""
    for name in ("clientId", "clientName", "principal"):
        assert value(f"authentication.{name}", identity=None) is None


def test_the_principal_of_a_client_application_is_its_client_id() -> None:
    """`authentication.principal` serves as client id where no user stands behind the client."""
    assert value("authentication.principal", identity=Identity("c1")) == "c1"


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("'a' ++ \"b\" ++ 'c'", "abc"),
        ("'n' ++ 5", "n5"),
        ("'n' ++ 2.5", "n2.5"),
        ("'b' ++ true", "btrue"),
        ("['a'] ++ ['b']", ("a", "b")),
        (r"'it\'s \u0041\n'", "it's A\n"),
        ("1 == 1.0", True),
        ("'1' == 1", False),
        ("true == 1", False),
        ("attributes.headers.absent == 'x'", False),
        ("['a', 1] == ['a', 1]", True),
        ("'a' != 'b'", True),
        ("2 < 10", True),
        ("'2' < '10'", False),
        ("2 >= 2", True),
        ("1 > 2 or 1 <= 2", True),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not (1 == 2)", True),
        ("not false", True),
        ("false and attributes.headers.absent > 1", False),
        ("true or attributes.headers.absent > 1", True),
        ("attributes.headers.absent default 'none'", "none"),
        ("attributes.headers['x-empty'] default 'none'", ""),
        ("if (attributes.method == 'POST') 'w' else 'r'", "w"),
        ("if (false) 1 else if (false) 2 else 3", 3.0),
        ("attributes.headers['x-list'] contains 'b'", True),
        ("contains(attributes.headers['x-list'], 'z')", False),
        ("['GET', 'POST'] contains attributes.method", True),
        ("contains(attributes.headers.absent, 'z')", False),
        ("lower('ABC') ++ upper('d') ++ trim('  e ')", "abcDe"),
        ("lower(attributes.headers.absent)", None),
        ("splitBy(attributes.headers['x-list'], ',')", ("a", "b", "c")),
        ("(attributes.headers['x-list'] splitBy ',')[1]", "b"),
        ("splitBy(attributes.headers['x-list'], ',')[9]", None),
        ("attributes.headers.absent[0]", None),
        ("'abc'[0]", "a"),
        ("'ab' splitBy ''", ("a", "b")),
        ("sizeOf('abc')", 3.0),
        ("sizeOf(['a', 'b'])", 2.0),
        ("sizeOf(attributes.headers.absent)", 0.0),
        ("substringBefore('a-b-c', '-')", "a"),
        ("'a-b-c' substringAfter '-'", "b-c"),
        ("dw::core::Strings::substringBeforeLast('a-b-c', '-')", "a-b"),
        ("substringAfterLast('a-b-c', '-')", "c"),
        ("substringAfter('abc', '-')", ""),
        ("substringBefore(attributes.headers.absent, '-')", None),
    ],
)
def test_computes(inner: str, expected: Value) -> None:
    """Operators and functions mean what DataWeave documents."""
    result = value(inner)
    assert (result, type(result)) == (expected, type(expected))


@pytest.mark.parametrize(
    "inner",
    [
        "attributes.headers.absent ++ 'x'",
        "'x' ++ ['y']",
        "1 < 'a'",
        "attributes.headers.absent < 1",
        "true < false",
        "'yes' and true",
        "not 'x'",
        "if ('x') 1 else 2",
        "lower(['a'])",
        "sizeOf(['a'])[0]",
        "'a' contains ['b']",
    ],
)
def test_an_expression_without_a_value_fails_as_a_value(inner: str) -> None:
    """A client's request cannot crash an expression, and the operator reads why it failed."""
    result = value(inner)
    assert isinstance(result, Failed)
    assert "does not" in result.why


def test_no_expression_builds_unbounded_text() -> None:
    """A long header cannot be multiplied into megabytes."""
    request = a_request({"x": "a" * 40_000})
    for part in ("attributes.headers.x", "splitBy(attributes.headers.x, '')"):
        expression = compile_expression(f"#[{part} ++ {part}]")
        assert isinstance(expression.evaluate(an_evaluation(request)), Failed)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("#[payload.user]", "unsupported name 'payload', since Envoy asks before"),
        ("#[payload.user]", "at position 3"),
        ("#[vars.x]", "unsupported vars.x at position 7"),
        ("#[vars.claimSet]", "expected .name or ['name']"),
        ("#[vars.claimSet.a.b]", "unexpected '.'"),
        ("#[uuid()]", "unsupported name 'uuid', since a decision depends on the request alone"),
        ("#[attributes.localAddress]", "unsupported attributes.localAddress"),
        ("#[attributes]", "expected .name or ['name']"),
        ("#[attributes.headers]", "expected .name or ['name']"),
        ("#[authentication.properties]", "unsupported authentication.properties"),
        ("#[1 + 2]", "unsupported syntax '+'"),
        ("#[attributes.headers.client-id]", "unsupported syntax '-'"),
        ("#['a' 'b']", "unexpected text at position 7"),
        ("#['open]", 'unsupported syntax "\'"'),
        ("#[]", "unexpected end"),
        ("#[lower()]", "lower takes 1 argument"),
        ("#[contains('a')]", "contains takes 2 argument"),
        ("#['a'[-1]]", "unsupported syntax '-'"),
        ("#['a'['0']]", "expected a number from 0 to 9999"),
        ("#['a'[1.5]]", "expected a number from 0 to 9999"),
        ("#['a'[12345]]", "expected a number from 0 to 9999"),
        ("#['a $(x)']", "interpolated"),
        (r"#['\q']", "unsupported escape"),
        (r"#['\ud800']", "unsupported escape"),
        ("#[(1]", "expected ')'"),
        ("#[if (true) 1]", "expected 'else'"),
        ("#[1 ==]", "unexpected end"),
        ("#[and 1]", "unexpected 'and'"),
        ("#[1 == 'lower' default]", "unexpected end"),
        (f"#[{'9' * 400}]", "a number too large"),
        ("prefix #[attributes.method]", "either plain text or one #[...]"),
        ("#[attributes.method", "either plain text or one #[...]"),
    ],
)
def test_what_is_outside_the_subset_is_refused_and_named(source: str, complaint: str) -> None:
    """The admin reads what is wrong and where, before any request comes."""
    with pytest.raises(ExpressionError) as refused:
        compile_expression(source)
    assert complaint in str(refused.value)


@pytest.mark.parametrize(
    "inner",
    [
        "'a' ++ attributes.headers.x default 'b'",
        "'a' ++ 'b' == 'ab'",
        "not true or true",
        "not 'a' == 'b'",
        "attributes.method contains 'G' and true",
        "if (true) 'a' else 'b' ++ 'c'",
        "if (true) 'a' else attributes.headers.x default 'c'",
    ],
)
def test_what_could_be_read_in_two_ways_wants_parentheses(inner: str) -> None:
    """Where the vendor does not document which operator binds tighter, we do not guess."""
    with pytest.raises(ExpressionError, match="parentheses"):
        compile_expression(f"#[{inner}]")


@pytest.mark.parametrize(
    "inner",
    ["(" * 500 + "1" + ")" * 500, " ++ ".join(["'a'"] * 500), "not " * 500 + "true", "'a'" * 2000],
    ids=["parentheses", "chain", "prefixes", "length"],
)
def test_size_and_depth_are_bounded(inner: str) -> None:
    """No admin's expression can exhaust the stack."""
    with pytest.raises(ExpressionError, match=r"nested deeper|longer than|unexpected text"):
        compile_expression(f"#[{inner}]")


def test_errors_do_not_show_text_of_the_expression() -> None:
    """A secret that an admin wrote into an expression does not end up in a log."""
    with pytest.raises(ExpressionError) as refused:
        compile_expression("#[attributes.method 'hunter2']")
    assert "hunter2" not in str(refused.value)


def test_text_that_is_no_expression_stands_for_itself() -> None:
    """`#` and brackets alone make no expression; spaces are kept."""
    for source in ("plain", " spaced ", "[x]", "#", ""):
        expression = compile_expression(source)
        assert expression.literal == source
        assert expression.evaluate(an_evaluation(REQUEST)) == source


def test_it_is_known_whether_an_expression_looks_at_the_path() -> None:
    """Paths must be canonical exactly where an expression depends on them."""
    assert compile_expression("#['x' ++ lower(attributes.requestPath)]").inspects_path
    assert compile_expression("#[if (true) 'x' else attributes.requestUri]").inspects_path
    assert not compile_expression("#[attributes.queryParams.q]").inspects_path


def test_it_is_known_which_headers_an_expression_reads() -> None:
    """The IP lists use it to keep a forgeable header out."""
    expression = compile_expression("#[lower(attributes.headers['X-Forwarded-For'])]")
    assert expression.headers == {"x-forwarded-for"}


def test_edits_of_earlier_policies_are_seen() -> None:
    """A header that a policy injected is there for the policies after it."""
    evaluation = an_evaluation(REQUEST)
    evaluation.establish(Continue(set_headers=(("x-plan", "lead"),)))
    assert compile_expression("#[attributes.headers['x-plan']]").evaluate(evaluation) == "lead"


def test_an_array_is_no_text() -> None:
    """A policy that wants text gets a failure, not a Python repr."""
    expression = compile_expression("#[['a']]")
    assert isinstance(expression.text(an_evaluation(REQUEST)), Failed)


FRAGMENTS = st.sampled_from(
    [
        *("attributes", ".", "headers", "queryParams", "authentication", "clientId"),
        *("attributes.method", "attributes.headers.x", "attributes.requestPath"),
        *("[", "]", "(", ")", "'", '"', ",", "++", "==", "!=", "<", "default", "if", "else"),
        *("not", "and", "or", "contains", "lower", "splitBy", "sizeOf"),
        *("1", "2.5", "true", "'x'", "'a,b'", "[0]"),
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


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pairs = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(
            st.sampled_from(["++", "==", "<", "and", "or", "default", "contains"]), pairs
        ).map(lambda t: f"({t[1][0]}) {t[0]} ({t[1][1]})"),
        st.tuples(st.sampled_from(["lower", "trim", "sizeOf"]), inner).map(
            lambda t: f"{t[0]}({t[1]})"
        ),
        pairs.map(lambda t: f"splitBy({t[0]}, {t[1]})"),
        pairs.map(lambda t: f"if ({t[0]}) ({t[1]}) else 'x'"),
        inner.map(lambda t: f"not ({t})"),
        inner.map(lambda t: f"({t})[0]"),
    )


EXPRESSIONS = st.recursive(
    st.sampled_from(
        [
            "'a'",
            "3",
            "true",
            "['a', 2]",
            "attributes.headers.x",
            "attributes.queryParams.x",
            "attributes.requestUri",
            "authentication.principal",
        ]
    ),
    _larger,
    max_leaves=8,
)


@given(EXPRESSIONS, st.text(), st.text(), st.none() | st.text())
def test_no_request_makes_an_expression_raise(
    inner: str, header: str, query: str, address: str | None
) -> None:
    """Evaluation answers with a value or a named failure, whatever the client sent."""
    request = a_request({"x": header}, path=f"/?x={query}", client_address=address)
    result = compile_expression(f"#[{inner}]").text(an_evaluation(request))
    assert result is None or isinstance(result, str | Failed)


CLAIMS = {
    "sub": "zoë",
    "level": 3,
    "ok": True,
    "none": None,
    "aud": ["a", "b"],
    "address": {"city": "x"},
    "nested": [["a"]],
    "huge": 10**400,
}


def claimed(expression: str) -> object:
    """The value of an expression after a token with those claims was verified."""
    evaluation = an_evaluation(a_request())
    evaluation.establish(Continue(claims=CLAIMS))
    return compile_expression(f"#[{expression}]").evaluate(evaluation)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("vars.claimSet.sub", "zoë"),
        ("vars.claimSet['sub']", "zoë"),
        ("vars.claimSet.level >= 3", True),
        ("vars.claimSet.ok", True),
        ("vars.claimSet.none default 'x'", "x"),
        ("vars.claimSet.absent default 'x'", "x"),
        ("vars.claimSet.aud[1]", "b"),
        ("contains(vars.claimSet.aud, 'a')", True),
    ],
)
def test_claims_of_a_verified_token_can_be_read(expression: str, expected: object) -> None:
    """What an identity provider says of a user decides like any attribute."""
    assert claimed(expression) == expected


@pytest.mark.parametrize("name", ["address", "nested", "huge"])
def test_claims_that_are_no_values_fail(name: str) -> None:
    """A token's content cannot crash an expression."""
    assert isinstance(claimed(f"vars.claimSet.{name}"), Failed)


def test_without_a_verified_token_claims_are_null() -> None:
    """Nobody's claims are everybody's."""
    evaluation = an_evaluation(a_request())
    assert compile_expression("#[vars.claimSet.sub]").evaluate(evaluation) is None
