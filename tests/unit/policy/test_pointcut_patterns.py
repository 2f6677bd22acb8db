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
    [
        *("GET", "GET|POST", "(?i)get", "get|GET", "^GET$", "P.*", "[A-Z]+", "GET?", "PURGE"),
        *("FLUSH", "(?i)get|post", "(?i)(get|post)", "PROPFIND|MKCOL", "GET|(PUT|POST)"),
    ],
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
        ("/a/<id>", "write '/a/[^/]+'"),
        ("/a/{id:[0-9]+}", "write '/a/[^/]+'"),
        ("/a/{id:[0-9]{2}}", "write '/a/[^/]+'"),
        ("/a/{proxy+}", "write '/a/[^/]+'"),
        ("/orders/#frag", "contains '#', which no path contains; write '%23'"),
        ("/a/.*#x", "contains '#'"),
        ("/a b", "contains ' ', which no path contains; write '%20'"),
        (r"/a\ b", "write '%20'"),
        ("/caf\u00e9", "write '%C3%A9'"),
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
        ("/orders/:id", "has ':id', which stands for itself; write '[^/]+'"),
        ("/:a_b/c", "has ':a_b'"),
        ("/a/%7Bid%7D", "has '%7Bid%7D'"),
        ("/a/./b", "has '.', which stands for any characters"),
        ("/a/../b", "has '..'"),
        ("/orders/*/items", "write '/orders/[^/]+/items'"),
        ("/orders/*/items/*", "write '/orders/[^/]+/items/.*'"),
        ("/a/.*|admin", "has the alternative 'admin', which never matches: begin it with '/'"),
        ("^(/a|b)$", "has the alternative 'b'"),
        ("//orders/1", "contains '//'"),
        ("/orders%2F1", "contains '%2F'"),
        ("/%61dmin", "contains '%61'"),
        ("/caf%c3%a9", "contains '%c3'"),
        ("/admin;x=1", "contains ';'"),
        ("/a b|/c", "contains ' '"),
        ("(/a;x=1)?/b", "contains ';'"),
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
    ("pattern", "fault"),
    [
        (
            "GET|post",
            "has 'post', which matches no method: methods are in capitals; write 'GET|POST'",
        ),
        (
            "^(get|GET|Put)$",
            "has 'Put', which matches no method: methods are in capitals; write 'get|GET|PUT'",
        ),
        (
            "GE.|post",
            "has 'post', which matches no method: methods are in capitals; write 'GE.|POST'",
        ),
    ],
)
def test_a_list_of_methods_with_one_in_small_letters_is_a_fault(pattern: str, fault: str) -> None:
    """That part of the policy would never apply."""
    assert fault_of(Pointcut(pattern, "")).message == f"{pattern!r} {fault}"


UNKNOWN = "no registered HTTP method is called so"


@pytest.mark.parametrize(
    ("pattern", "warning"),
    [
        ("GETT", f"has 'GETT' (did you mean GET?): {UNKNOWN}"),
        ("PSOT", f"has 'PSOT' (did you mean POST?): {UNKNOWN}"),
        ("DEL", f"has 'DEL' (did you mean DELETE?): {UNKNOWN}"),
        ("OPTION", f"has 'OPTION' (did you mean OPTIONS?): {UNKNOWN}"),
        ("WRITE", f"has 'WRITE': {UNKNOWN}"),
        ("GET|ALL", f"has 'ALL': {UNKNOWN}"),
        ("(GET|DELET)", f"has 'DELET' (did you mean DELETE?): {UNKNOWN}"),
        (
            "GET|POTS|DELTE",
            f"has 'POTS' (did you mean POST?), 'DELTE' (did you mean DELETE?): {UNKNOWN}",
        ),
        ("POST|", "has an alternative without text, which matches no method; remove it"),
    ],
)
def test_a_method_that_nobody_registered_gets_a_warning(pattern: str, warning: str) -> None:
    """A client can send it, so it closes nothing."""
    compile_pointcuts([Pointcut(pattern, "")])
    assert warnings_on([Pointcut(pattern, "")]) == (f"methodRegex {pattern!r} {warning}",)


@pytest.mark.parametrize("pattern", ["GET|POST", "GET", "(?i)get|post", "GE.", "PROPFIND|PURGE"])
def test_other_method_patterns_get_none(pattern: str) -> None:
    """Methods of WebDAV are registered, too."""
    assert warnings_on([Pointcut(pattern, "")]) == ()


@pytest.mark.parametrize(
    "pattern",
    [
        *("/orders/.*", "/[0-9]{2}", r"/\p{Greek}+", r"/\x{61}", "/a/?", "/orders?", "/|/b"),
        *("/a//?", "/a;?", "/[^;# ]+", "/(?P<id>[^/]+)/a", "/v1/a:cancel", "/caf%C3%A9", "/a%20b"),
        *("(?i)/caf%C3%A9", r"/a\.b", "/.*", "/..*", "/a(/b)?/c", "/a(/[^/]+){2}", "/%3Fa"),
    ],
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
