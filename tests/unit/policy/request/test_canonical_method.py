"""Methods that could be read in a second way, and methods whose answer repeats the request."""

from collections.abc import Mapping

import pytest

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.verdicts import DenyReason
from tests.builders import CLIENT_ID_ENFORCEMENT, applied, contract
from tests.unit.policy.gateway import Gateway, a_request, credentials

AMBIGUOUS = (DenyReason.AMBIGUOUS_METHOD, 400)
BLOCKED_DELETE = applied("access-block", pointcuts=(Pointcut("DELETE", ".*"),))
BY_METHOD = "#[attributes.method]"
INJECTED = applied("header-injection", {"inboundHeaders": [{"key": "x-key", "value": "s3cret"}]})
OUTBOUND = applied("header-injection", {"outboundHeaders": [{"key": "x-seen", "value": "1"}]})
UPSTREAM_AUTH = applied("credential-injection-basic-auth", {"username": "u", "password": "p"})


@pytest.mark.parametrize("method", ["delete", "Delete", "dElete", "foo", "", " DELETE", "D\n"])
def test_a_method_that_servers_may_fold_does_not_pass_a_rule_on_methods(method: str) -> None:
    """Over HTTP/2, Envoy forwards `:method: delete`, and some services delete."""
    gateway = Gateway(BLOCKED_DELETE)
    if method:
        gateway.denies(a_request(method=method), *AMBIGUOUS)
    else:
        gateway.denies(a_request(method=method), DenyReason.MALFORMED_REQUEST, 400)


@pytest.mark.parametrize("method", ["GET", "PATCH", "PURGE", "PROPFIND", "M-SEARCH", "FOO"])
def test_methods_in_capitals_pass_known_or_not(method: str) -> None:
    """They have one reading only."""
    Gateway(BLOCKED_DELETE).allows(a_request(method=method))


def test_a_method_of_any_case_passes_where_no_policy_looks_at_it() -> None:
    """Nobody is refused for what decides nothing."""
    anything = Pointcut(".*", "/orders.*")
    for policy in (applied("access-block", pointcuts=(anything,)), CLIENT_ID_ENFORCEMENT):
        assert not Gateway(policy).api.inspects_method
    Gateway(applied("cors")).allows(a_request(method="delete"))


@pytest.mark.parametrize(
    "policy",
    [
        applied("header-injection", {"outboundHeaders": [{"key": "x", "value": BY_METHOD}]}),
        applied("ip-blocklist", {"ips": ["192.0.2.7"], "ipExpression": BY_METHOD}),
        applied(
            "rate-limiting",
            {
                "rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1_000}],
                "keySelector": "#['x' ++ lower(attributes.method)]",
            },
        ),
        applied("rate-limiting-sla-based", {"clientIdExpression": BY_METHOD}),
        applied("client-id-enforcement", {"clientIdExpression": BY_METHOD}),
    ],
)
def test_expressions_make_a_policy_look_at_the_method(policy: AppliedPolicy) -> None:
    """Two spellings of one method would be two keys."""
    Gateway(policy).denies(a_request(method="get"), *AMBIGUOUS)


def test_an_overridden_part_needs_a_canonical_method() -> None:
    """Otherwise its letters would decide which of two policies is asked."""
    automated = applied("access-block", pointcuts=(Pointcut("DELETE", ""),), automated=True)
    Gateway(applied("access-block"), automated).denies(a_request(method="delete"), *AMBIGUOUS)


@pytest.mark.parametrize("mark", "-_.")
@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x-method-override"])
def test_a_method_in_another_header_does_not_pass_a_rule_on_methods(name: str, mark: str) -> None:
    """Some services take it for the method, whatever separates the words of the header's name."""
    headers = {name.replace("-", mark): "DELETE"}
    Gateway(BLOCKED_DELETE).denies(a_request(headers, method="POST"), *AMBIGUOUS)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-http-method-override": "POST"},
        {"x-http-method-override": ""},
        {"x_http_method": "POST"},
        {"x-method": "DELETE"},
        {"x_other": "DELETE"},
    ],
)
def test_a_header_that_overrides_nothing_is_no_second_method(headers: Mapping[str, str]) -> None:
    """The same method twice is still one."""
    Gateway(BLOCKED_DELETE).allows(a_request(headers, method="POST"))


@pytest.mark.parametrize("method", ["TRACE", "trace", "Trace", "TRACK"])
@pytest.mark.parametrize("policy", [INJECTED, UPSTREAM_AUTH])
def test_an_echo_does_not_show_what_a_policy_injects(policy: AppliedPolicy, method: str) -> None:
    """The answer to TRACE repeats the request as the service got it, credentials included."""
    Gateway(policy).denies(a_request(method=method), DenyReason.METHOD_REFUSED, 403)
    Gateway(policy).allows(a_request(method="GET"))


@pytest.mark.parametrize("name", ["x-http-method-override", "x-http-method", "x_method_override"])
@pytest.mark.parametrize("value", ["TRACE", "trace", "TRACK", "POST,TRACE", " trace , POST"])
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_an_override_does_not_show_what_a_policy_injects(
    name: str, value: str, method: str
) -> None:
    """Some services take the method from such a header. Envoy joins repeated ones by commas."""
    gateway = Gateway(UPSTREAM_AUTH)
    gateway.denies(a_request({name: value}, method=method), DenyReason.METHOD_REFUSED, 403)


@pytest.mark.parametrize("headers", [{"x-http-method-override": "PUT"}, {"x-other": "TRACE"}])
def test_another_override_passes_where_a_policy_injects(headers: Mapping[str, str]) -> None:
    """Its response does not repeat the request."""
    Gateway(UPSTREAM_AUTH).allows(a_request(headers, method="POST"))


def test_an_echo_does_not_show_who_calls() -> None:
    """An identity becomes headers, too."""
    gateway = Gateway(CLIENT_ID_ENFORCEMENT, contracts=[contract("c1")])
    request = a_request(credentials("c1", "secret"), method="TRACE")
    gateway.denies(request, DenyReason.METHOD_REFUSED, 403)
    gateway.denies(a_request(method="TRACE"), DenyReason.CREDENTIALS_MISSING, 401)


@pytest.mark.parametrize(
    "policy",
    [
        OUTBOUND,
        applied("header-removal", {"inboundHeaders": ["x-key"]}),
        applied("header-injection", INJECTED.configuration, pointcuts=(Pointcut("GET", ".*"),)),
    ],
)
def test_an_echo_without_additions_passes(policy: AppliedPolicy) -> None:
    """It shows nothing that the client did not send."""
    Gateway(policy).allows(a_request({"x-key": "mine"}, method="TRACE"))
