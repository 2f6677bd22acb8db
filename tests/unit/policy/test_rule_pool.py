"""Rules and chains that many APIs share."""

from dataclasses import replace
from weakref import ref

from adapter.policy.catalog import AppliedPolicy, Pointcut
from adapter.policy.compile import compile_policy
from adapter.policy.rule_pool import RulePool
from tests.builders import CLIENT_ID_ENFORCEMENT, api, applied

BLOCK = applied("ip-blocklist", {"ips": ["0.0.0.0/0"]})


def test_policies_that_are_configured_alike_share_one_rule() -> None:
    """A policy on a thousand APIs is compiled once, and still each has counters of its own."""
    pool = RulePool()
    limit = {"rateLimits": [{"maximumRequests": 1, "timePeriodInMilliseconds": 1_000}]}
    one, other = (compile_policy(AppliedPolicy(n, "rate-limiting", limit), pool) for n in "12")
    assert one.rule is other.rule
    assert one.ref.counter != other.ref.counter
    stricter = AppliedPolicy("1", "rate-limiting", limit | {"exposeHeaders": True})
    assert compile_policy(stricter, pool).rule is not one.rule


def test_two_pools_share_nothing() -> None:
    """Pools are separate: no rule is shared globally."""
    assert compile_policy(BLOCK, RulePool()).rule is not compile_policy(BLOCK, RulePool()).rule


def test_a_rule_goes_with_the_last_policy_that_has_it() -> None:
    """Long lists that change often, and passwords that were replaced, do not pile up."""
    pool = RulePool()
    policy = compile_policy(BLOCK, pool)
    shared = ref(policy.shared)
    assert shared() is not None
    del policy
    assert shared() is None
    assert not pool.rules


def test_apis_with_the_same_rules_share_them_in_one_chain() -> None:
    """In order and with their pointcuts; what differs is another chain."""
    pool = RulePool()
    one, other = (api(n, [CLIENT_ID_ENFORCEMENT, BLOCK], pool=pool) for n in "12")
    assert one.rules is other.rules
    assert [policy.rule for policy in one.policies] == list(one.rules)
    for policies in (
        [CLIENT_ID_ENFORCEMENT],
        [CLIENT_ID_ENFORCEMENT, replace(BLOCK, pointcuts=(Pointcut("GET", "/x"),))],
    ):
        assert api("3", policies, pool=pool).rules != one.rules


def test_a_chain_goes_with_the_last_api_that_has_it() -> None:
    """And its rules with it."""
    pool = RulePool()
    built = api("1", [BLOCK], pool=pool)
    assert (len(pool.rules), len(pool.chains)) == (1, 1)
    assert built.rules
    del built
    assert (len(pool.rules), len(pool.chains)) == (0, 0)
