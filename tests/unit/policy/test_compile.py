"""Which requests a policy applies to, and which policies can be enforced at all."""

import pytest

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.compile import POLICY_TYPES, compile_policy
from adapter.policy.rule_pool import RulePool
from adapter.policy.verdicts import DenyReason
from tests.builders import api, applied
from tests.unit.policy.gateway import Gateway, a_request

BLOCK = {"ips": ["0.0.0.0/0"]}


def blocked_at(*pointcuts: Pointcut) -> Gateway:
    """An API that is blocked where a pointcut matches."""
    return Gateway(applied("ip-blocklist", BLOCK, pointcuts=pointcuts))


def is_blocked(gateway: Gateway, method: str, path: str) -> bool:
    """Whether the policy applied."""
    decision = gateway.ask(a_request(method=method, path=path))
    return getattr(decision, "deny", None) is not None


def test_without_pointcuts_a_policy_covers_the_whole_api() -> None:
    """Nothing slips by."""
    assert is_blocked(blocked_at(), "BREW", "/x/../y")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/admin/x", True),
        ("POST", "/admin/x", False),
        ("GET", "/other", False),
        ("DELETE", "/other", True),
        ("GETX", "/admin/x", False),
        ("GET", "/x/admin/x", False),
        ("GET", "/admin/x?y=/other", True),
    ],
)
def test_method_and_path_must_both_match_in_one_pointcut(
    method: str, path: str, *, expected: bool
) -> None:
    """And within a pointcut, or across them, whole values."""
    gateway = blocked_at(Pointcut("GET|HEAD", "/admin/.*"), Pointcut("DELETE", ".*"))
    assert is_blocked(gateway, method, path) is expected


def test_an_ambiguous_path_is_refused_where_a_pointcut_looks_at_it() -> None:
    """`/x/../admin` does not slip past a rule on `/admin`."""
    gateway = blocked_at(Pointcut(".*", "/admin/.*"))
    gateway.denies(a_request(path="/x/../admin/y"), DenyReason.AMBIGUOUS_PATH, 400)
    assert not blocked_at(Pointcut("GET", ".*")).api.inspects_path


@pytest.mark.parametrize("pattern", ["admin", "v1/.*", "^admin$", "(a|b)/x"])
def test_a_pattern_that_can_match_no_path_closes_the_api(pattern: str) -> None:
    """A policy that would silently apply to nothing is told."""
    (fault,) = blocked_at(Pointcut(".*", pattern)).api.faults
    assert "never matches" in fault


@pytest.mark.parametrize("pattern", ["/admin", "^/admin$", ".*admin", "(/a|/b)", "[/x]a", "(?i)/A"])
def test_patterns_that_can_match_are_taken(pattern: str) -> None:
    """Admins write patterns in many ways."""
    assert not blocked_at(Pointcut(".*", pattern)).api.faults


@pytest.mark.parametrize("pointcut", [Pointcut("(", ".*"), Pointcut(".*", "/(?=x)")])
def test_a_pattern_that_re2_does_not_take_closes_the_api(pointcut: Pointcut) -> None:
    """Java's lookahead is named as what it is here: no regular expression."""
    (fault,) = blocked_at(pointcut).api.faults
    assert "not a regular expression of RE2" in fault


def test_an_unknown_type_closes_the_api_and_names_the_way_out() -> None:
    """A policy that we do not have is not left out silently."""
    (fault,) = api("7", [applied("xml-threat-protection")]).faults
    assert "xml-threat-protection" in fault
    assert "ignored_policy_types" in fault


def test_a_fault_of_the_platforms_description_closes_the_api() -> None:
    """A masked secret, say, is told in the words of who found it."""
    policy = AppliedPolicy("3", "ip-blocklist", BLOCK, fault="its password is masked")
    assert api("7", [policy]).faults == ("policy 3 (ip-blocklist): its password is masked",)


def test_every_type_takes_or_refuses_any_configuration() -> None:
    """No document from the platform crashes the sync."""
    for policy_type in POLICY_TYPES:
        for document in ({}, {"ips": "x"}, {"rateLimits": {"a": 1}}, {"inboundHeaders": [None]}):
            faults = api("7", [applied(policy_type, document)]).faults
            assert all(policy_type in fault for fault in faults)


def test_expressions_make_a_policy_look_at_the_path() -> None:
    """A key made of the path counts canonical paths only."""
    selector = {
        "rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1_000}],
        "keySelector": "#[attributes.requestPath]",
    }
    assert compile_policy(applied("rate-limiting", selector), RulePool()).rule.inspects_path
    assert not compile_policy(applied("ip-blocklist", BLOCK), RulePool()).rule.inspects_path
