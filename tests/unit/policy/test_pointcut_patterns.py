"""Patterns that never match, or not what was meant: found before a request comes."""

import pytest

from adapter.errors import PolicyError, PolicyFault
from adapter.policy.catalog import Pointcut
from adapter.policy.pointcuts import compile_pointcuts, warnings_on
from tests.builders import applied
from tests.unit.policy.gateway import Gateway


def fault_of(pointcut: Pointcut) -> PolicyFault:
    """The only fault of a pointcut."""
    with pytest.raises(PolicyError) as refused:
        compile_pointcuts([pointcut])
    (fault,) = refused.value.faults
    return fault


@pytest.mark.parametrize(
    ("pattern", "fix"),
    [
        ("get", "write 'GET'"),
        ("Post", "write 'POST'"),
        ("GET,POST", "write 'GET|POST'"),
        ("get, post", "write 'GET|POST'"),
        ("GET POST", "write 'GET|POST'"),
        ("GET | POST", "write 'GET|POST'"),
        ("(get|post)", "write 'GET|POST'"),
        ("/GET/", "write 'GET'"),
        (" GET", "write 'GET'"),
        ("ALL", "write '.*' for all methods"),
        ("any", "write '.*' for all methods"),
        ("fetch", "write one such as 'GET|POST'"),
        ("[get]", "write 'GET'"),
        ("G ET", "write one such as 'GET|POST'"),
        ("[a-z]+", "write one such as 'GET|POST'"),
        ("GET\\|POST", "write one such as 'GET|POST'"),
    ],
)
def test_a_method_pattern_that_matches_no_method_is_a_fault(pattern: str, fix: str) -> None:
    """A policy that never applies is a hole, and the message says how to close it."""
    fault = fault_of(Pointcut(pattern, ""))
    assert fault.field == "pointcutData.0.methodRegex"
    assert fault.message.startswith(f"{pattern!r} matches no HTTP method")
    assert fix in fault.message


@pytest.mark.parametrize(
    "pattern",
    ["GET", "GET|POST", "(?i)get", "get|GET", "^GET$", "P.*", "[A-Z]+", "GET?", "PURGE", "FLUSH"],
)
def test_a_method_pattern_that_matches_a_method_is_none(pattern: str) -> None:
    """Methods that nobody registered count if the pattern names them."""
    assert compile_pointcuts([Pointcut(pattern, "")])[0].method is not None


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("admin", "begins with '/'"),
        ("https://api.test/admin", "begins with '/'"),
        ("/orders/{id}", "write '/orders/[^/]+'"),
        ("/a/{a_id}/b/{b-id}", "write '/a/[^/]+/b/[^/]+'"),
        ("/orders\\?id=.*", "without its query"),
        ("/orders[?]id=1", "without its query"),
        ("/x[", "is not a regular expression of RE2: missing ]"),
        ("*", ".* stands for any text"),
        ("/**", ".* stands for any text"),
    ],
)
def test_a_path_pattern_that_matches_no_path_is_a_fault(pattern: str, why: str) -> None:
    """The same for paths."""
    fault = fault_of(Pointcut("", pattern))
    assert fault.field == "pointcutData.0.uriTemplateRegex"
    assert why in fault.message


@pytest.mark.parametrize(
    ("pattern", "warning"),
    [
        ("/orders/*", "write '/orders/.*'"),
        ("/*", "write '/.*'"),
        ("/a/{id}|/b", "braces"),
        ("/a({id})?", "braces"),
        ("/orders?id=1", "without its query"),
    ],
)
def test_a_doubtful_path_pattern_gets_a_warning(pattern: str, warning: str) -> None:
    """It can be enforced, so it closes nothing."""
    (found,) = warnings_on([Pointcut("GET", pattern)])
    assert warning in found
    policy = applied("access-block", pointcuts=(Pointcut("GET", pattern),))
    (compiled,) = Gateway(policy).api.policies
    assert compiled.rule.warnings == (found,)


@pytest.mark.parametrize(
    ("pattern", "warning"),
    [
        ("GET|post", "'post', which matches no method; write 'GET|POST'"),
        ("^(get|GET|Put)$", "'get', which matches no method; write 'GET|PUT'"),
    ],
)
def test_a_list_of_methods_with_one_that_never_comes_gets_a_warning(
    pattern: str, warning: str
) -> None:
    """The policy applies to the others, so it closes nothing."""
    compile_pointcuts([Pointcut(pattern, "")])
    (found,) = warnings_on([Pointcut(pattern, "")])
    assert found == f"methodRegex {pattern!r} has {warning}"


@pytest.mark.parametrize("pattern", ["GET|POST", "GET", "(?i)get|post", "GE.|post"])
def test_other_method_patterns_get_none(pattern: str) -> None:
    """What is no plain list may be meant as it is."""
    assert warnings_on([Pointcut(pattern, "")]) == ()


@pytest.mark.parametrize(
    "pattern", ["/orders/.*", "/[0-9]{2}", r"/\p{Greek}+", r"/\x{61}", "/a/?", "/orders?", "/|/b"]
)
def test_an_ordinary_path_pattern_gets_none(pattern: str) -> None:
    """Braces and question marks have their uses."""
    assert warnings_on([Pointcut("", pattern)]) == ()
    assert compile_pointcuts([Pointcut("", pattern)])[0].path is not None


def test_all_faults_of_all_pointcuts_are_told_at_once() -> None:
    """With the place of each, and for operators in one line."""
    with pytest.raises(PolicyError) as refused:
        compile_pointcuts([Pointcut("get", "x"), Pointcut("GET", "/"), Pointcut("", "/[")])
    assert [fault.field for fault in refused.value.faults] == [
        "pointcutData.0.methodRegex",
        "pointcutData.0.uriTemplateRegex",
        "pointcutData.2.uriTemplateRegex",
    ]
    assert "methodRegex 'get' matches no HTTP method" in str(refused.value)


def test_a_method_that_never_comes_closes_the_api() -> None:
    """As a path that never comes does."""
    gateway = Gateway(applied("access-block", pointcuts=(Pointcut("get", ""),)))
    assert "write 'GET'" in gateway.api.faults[0]
