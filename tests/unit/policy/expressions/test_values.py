"""What expressions read, beyond what the vendor's engine can be asked about."""

import re
from decimal import Decimal
from typing import Any

import pytest

from adapter.policy.expression import Failed, Value, compile_expression
from adapter.policy.verdicts import Continue, Identity
from tests.unit.policy.gateway import a_request, an_evaluation

REQUEST = a_request(
    {"x-plan": "gold", "x-num": "12", "x-empty": ""},
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


def test_a_numeric_test_on_a_header_works() -> None:
    """Headers are text; compared with a number, they count as the number that they write out."""
    assert value("attributes.headers['x-num'] > 5") is True
    assert value("attributes.headers['x-num'] > 12.5") is False
    assert isinstance(value("attributes.headers['x-plan'] > 5"), Failed)


def test_without_identity_authentication_is_null() -> None:
    """An anonymous request is nobody's, and no failure."""
    for name in ("clientId", "clientName", "principal"):
        assert value(f"authentication.{name}", identity=None) is None


def test_the_principal_of_a_client_application_is_its_client_id() -> None:
    """`authentication.principal` serves as client id where no user stands behind the client."""
    assert value("authentication.principal", identity=Identity("c1")) == "c1"


@pytest.mark.parametrize(
    "inner",
    [
        "attributes.headers.absent ++ 'x'",
        "'x' ++ ['y']",
        "1 < 'a'",
        "attributes.headers.absent < 1",
        "'yes' and true",
        "not 'x'",
        "!'x'",
        "if ('x') 1 else 2",
        "lower(['a'])",
        "'a' contains ['b']",
        "['a', ['b']] joinBy ','",
        "vars.claimSet.sub[0].x",
    ],
)
def test_an_expression_without_a_value_fails_as_a_value(inner: str) -> None:
    """A client's request cannot crash an expression, and the operator reads why it failed."""
    evaluation = an_evaluation(REQUEST)
    evaluation.establish(Continue(claims={"sub": "zoe"}))
    result = compile_expression(f"#[{inner}]").evaluate(evaluation)
    assert isinstance(result, Failed)
    assert re.search(r" (cannot \w+|needs a Boolean|has no named members)\b", result.why)


def test_text_that_is_no_expression_stands_for_itself() -> None:
    """`#` and brackets alone make no expression; spaces are kept."""
    for source in ("plain", " spaced ", "[x]", "#", "", "a $ and a $name"):
        expression = compile_expression(source)
        assert expression.literal == source
        assert expression.evaluate(an_evaluation(REQUEST)) == source


def test_it_is_known_whether_an_expression_looks_at_the_path() -> None:
    """Paths must be canonical exactly where an expression depends on them."""
    for inner in (
        "'x' ++ lower(attributes.requestPath)",
        "if (true) 'x' else attributes.requestUri",
        "!(attributes.requestPath matches /a/)",
        "'a' replace 'a' with attributes.requestPath",
    ):
        assert compile_expression(f"#[{inner}]").inspects_path
    assert not compile_expression("#[attributes.queryParams.q]").inspects_path


def test_it_is_known_which_headers_an_expression_reads() -> None:
    """The IP lists use it to keep a forgeable header out."""
    expression = compile_expression(
        "#[(attributes.headers['X-Forwarded-For'] splitBy ',')[0] ++ attributes.headers.y]"
    )
    assert expression.headers == {"x-forwarded-for", "y"}


def test_edits_of_earlier_policies_are_seen() -> None:
    """A header that a policy injected is there for the policies after it."""
    evaluation = an_evaluation(REQUEST)
    evaluation.establish(Continue(set_headers=(("x-plan", "lead"),)))
    assert compile_expression("#[attributes.headers['x-plan']]").evaluate(evaluation) == "lead"


@pytest.mark.parametrize("inner", ["['a']", "vars.claimSet.address"])
def test_an_array_or_an_object_is_no_text(inner: str) -> None:
    """A policy that wants text gets a failure, not a Python repr."""
    assert isinstance(claimed(inner, text=True), Failed)


CLAIMS: dict[str, Any] = {
    "sub": "zoë",
    "level": 3,
    "ratio": 0.1,
    "ok": True,
    "none": None,
    "aud": ["a", "b"],
    "address": {"city": "x"},
    "nested": [["a"]],
    "huge": 10**400,
    "infinite": float("inf"),
    "many": ["x"] * 1_001,
    "octets": b"x",
}


def claimed(inner: str, *, text: bool = False) -> object:
    """The value of an expression after a token with those claims was verified."""
    evaluation = an_evaluation(a_request())
    evaluation.establish(Continue(claims=CLAIMS))
    expression = compile_expression(f"#[{inner}]")
    return expression.text(evaluation) if text else expression.evaluate(evaluation)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("vars.claimSet.sub", "zoë"),
        ("vars.claimSet['sub']", "zoë"),
        ("vars.claimSet.level >= 3", True),
        ("vars.claimSet.ratio", Decimal("0.1")),
        ("vars.claimSet.none default 'x'", "x"),
        ("vars.claimSet.absent default 'x'", "x"),
        ("vars.claimSet.aud[1]", "b"),
        ("contains(vars.claimSet.aud, 'a')", True),
        ("vars.claimSet.address.city", "x"),
    ],
)
def test_claims_of_a_verified_token_can_be_read(inner: str, expected: object) -> None:
    """What an identity provider says of a user decides like any attribute."""
    assert claimed(inner) == expected


@pytest.mark.parametrize("name", ["nested", "huge", "infinite", "many", "octets"])
def test_claims_that_are_no_values_fail(name: str) -> None:
    """A token's content cannot crash an expression."""
    assert isinstance(claimed(f"vars.claimSet.{name}"), Failed)


def test_without_a_verified_token_claims_are_null() -> None:
    """Nobody's claims are everybody's."""
    for inner in ("vars.claimSet.sub", "vars.claimSet.address.city"):
        assert compile_expression(f"#[{inner}]").evaluate(an_evaluation(a_request())) is None
