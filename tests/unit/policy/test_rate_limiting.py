"""rate-limiting, as its page in docs/policies says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from adapter.policy.compile import compile_policy
from adapter.policy.effects.quota import Charge, QuotaState
from adapter.policy.policies.rate_limiting import compile_rate_limiting
from adapter.policy.policies.shared.limits import MAX_KEY_CHARS
from adapter.policy.rule_pool import RulePool
from adapter.policy.verdicts import Deny, DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation

EXCEEDED = (DenyReason.QUOTA_EXCEEDED, 429)


def limits(*pairs: tuple[int, int]) -> dict[str, Any]:
    """A configuration of (requests, milliseconds)."""
    return {
        "rateLimits": [
            {"maximumRequests": most, "timePeriodInMilliseconds": ms} for most, ms in pairs
        ]
    }


def limited(configuration: Mapping[str, Any]) -> Gateway:
    """An API with one limit."""
    return Gateway(applied("rate-limiting", configuration))


def test_so_many_requests_pass_and_no_more() -> None:
    """The limit is the limit; the client hears when to come back."""
    gateway = limited(limits((2, 60_000)))
    gateway.allows(a_request())
    gateway.clock.time_s += 30.5
    gateway.allows(a_request())
    denied = gateway.denies(a_request(), *EXCEEDED)
    assert denied.deny.headers == (("retry-after", "30"),)
    assert denied.deny.message == "Quota has been exceeded"


def test_the_window_begins_with_the_first_request() -> None:
    """Idle time before it does not count."""
    gateway = limited(limits((1, 60_000)))
    gateway.clock.time_s += 45
    gateway.allows(a_request())
    gateway.clock.time_s += 59.9
    gateway.denies(a_request(), *EXCEEDED)
    gateway.clock.time_s += 0.1
    gateway.allows(a_request())


def test_several_limits_hold_at_once() -> None:
    """A refused request is charged to none of them."""
    gateway = limited(limits((1, 1_000), (2, 60_000)))
    gateway.allows(a_request())
    for _ in range(5):
        denied = gateway.denies(a_request(), *EXCEEDED)
        assert denied.deny.headers == (("retry-after", "1"),)
    gateway.clock.time_s += 1
    gateway.allows(a_request())
    gateway.clock.time_s += 1
    denied = gateway.denies(a_request(), *EXCEEDED)
    assert denied.deny.headers == (("retry-after", "58"),)


def test_headers_are_hidden_unless_exposed() -> None:
    """As on the vendor's gateway."""
    assert limited(limits((2, 60_000))).allows(a_request()).response_headers == ()


def test_exposed_headers_tell_the_most_restrictive_limit() -> None:
    """Clients can pace themselves; the reset is in milliseconds."""
    gateway = limited({**limits((2, 60_000), (9, 1_000)), "exposeHeaders": True})
    assert gateway.allows(a_request()).response_headers == (
        ("x-ratelimit-limit", "2"),
        ("x-ratelimit-remaining", "1"),
        ("x-ratelimit-reset", "60000"),
    )
    gateway.allows(a_request())
    gateway.clock.time_s += 0.25
    denied = gateway.denies(a_request(), *EXCEEDED)
    assert denied.deny.headers == (("retry-after", "60"),)
    assert denied.response_headers == (
        ("x-ratelimit-limit", "2"),
        ("x-ratelimit-remaining", "0"),
        ("x-ratelimit-reset", "59750"),
    )


@pytest.mark.parametrize("narrow_first", [True, False])
def test_of_several_policies_the_strictest_is_told(*, narrow_first: bool) -> None:
    """Whatever their order, a client sees the limit that it will run into first."""
    orders = (1, 2) if narrow_first else (2, 1)
    gateway = Gateway(
        *(
            replace(
                applied("rate-limiting", {**limits(limit), "exposeHeaders": True}),
                order=n,
                policy_id=str(n),
            )
            for n, limit in zip(orders, ((2, 60_000), (9, 1_000)), strict=True)
        )
    )
    told = [dict(gateway.allows(a_request()).response_headers) for _ in range(2)]
    assert [(t["x-ratelimit-limit"], t["x-ratelimit-remaining"]) for t in told] == [
        ("2", "1"),
        ("2", "0"),
    ]
    denied = gateway.denies(a_request(), *EXCEEDED)
    assert ("x-ratelimit-limit", "2") in denied.response_headers


def test_a_limit_that_is_not_exposed_is_not_told() -> None:
    """Only what the admin wants clients to know."""
    gateway = Gateway(
        applied("rate-limiting", {**limits((9, 1_000)), "exposeHeaders": True}, order=1),
        replace(applied("rate-limiting", limits((1, 1_000)), order=2), policy_id="2"),
    )
    assert ("x-ratelimit-limit", "9") in gateway.allows(a_request()).response_headers


def test_a_window_of_a_year_is_kept() -> None:
    """No period that the platform takes is cut short."""
    year_ms = 365 * 24 * 3_600_000
    gateway = limited(limits((1, year_ms)))
    gateway.allows(a_request())
    gateway.clock.time_s += year_ms / 1000 - 1
    gateway.denies(a_request(), *EXCEEDED)
    gateway.clock.time_s += 1
    gateway.allows(a_request())


def test_of_equally_restrictive_limits_the_longest_is_told() -> None:
    """A client that waits for `Retry-After` is not refused again."""
    gateway = limited({**limits((5, 1_000), (5, 60_000)), "exposeHeaders": True})
    headers = dict(gateway.allows(a_request()).response_headers)
    assert headers["x-ratelimit-reset"] == "60000"


def test_a_key_selector_counts_each_key_alone() -> None:
    """One busy key does not use up the limit of the others."""
    gateway = limited({**limits((1, 60_000)), "keySelector": "#[attributes.headers['x-tenant']]"})
    gateway.allows(a_request({"x-tenant": "a"}))
    gateway.allows(a_request({"x-tenant": "b"}))
    gateway.denies(a_request({"x-tenant": "a"}), *EXCEEDED)


@pytest.mark.parametrize(
    ("selector", "second"),
    [
        ("#[attributes.headers['x-tenant']]", {}),
        ("#[attributes.headers['x-tenant']]", {"x-tenant": ""}),
        ("#['t-' ++ attributes.headers['x-tenant']]", {}),
        ("#[splitBy(attributes.headers['x-tenant'], ',')]", {"x-tenant": "a,b"}),
    ],
)
def test_requests_without_a_key_share_one_window(selector: str, second: dict[str, str]) -> None:
    """Leaving a header out, or breaking the selector, is no way around the limit."""
    gateway = limited({**limits((1, 60_000)), "keySelector": selector})
    gateway.allows(a_request())
    gateway.denies(a_request(second), *EXCEEDED)


def test_a_long_key_counts_by_its_hash() -> None:
    """A client cannot fill the memory with long keys, and they stay apart."""
    rule = compile_rate_limiting({**limits((1, 1)), "keySelector": "#[attributes.headers.x]"})
    keys = []
    for last in "ab":
        charge = rule.evaluate(an_evaluation(a_request({"x": "k" * 50_000 + last})))
        assert isinstance(charge, Charge)
        keys.append(charge.windows[0][2:])
    assert keys[0] != keys[1]
    assert all(len(part) <= MAX_KEY_CHARS for key in keys for part in key)


def test_policies_and_apis_have_their_own_windows() -> None:
    """Two limits on one API, or one automated policy on two APIs, do not share counters."""
    policy = compile_policy(
        applied("rate-limiting", limits((1, 60_000)), automated=True), RulePool()
    )
    evaluation = an_evaluation(a_request())
    evaluation.policies = (policy.ref,)
    charge = policy.rule.evaluate(evaluation)
    assert isinstance(charge, Charge)
    assert charge.windows[0][2:][:2] == ("7", "rate-limiting/id-of-rate-limiting")


@pytest.mark.parametrize(("clusterizable", "local"), [(True, False), (False, True)])
def test_a_limit_that_is_not_clusterizable_counts_in_this_process(
    *, clusterizable: bool, local: bool
) -> None:
    """The admin's choice reaches the store."""
    rule = compile_rate_limiting({**limits((1, 1)), "clusterizable": clusterizable})
    charge = rule.evaluate(an_evaluation(a_request()))
    assert isinstance(charge, Charge)
    assert charge.local is local


def test_an_edited_limit_starts_a_new_window() -> None:
    """An admin who raises a limit sees it at once."""
    gateway = limited(limits((1, 60_000)))
    gateway.allows(a_request())
    gateway.api = limited(limits((2, 60_000))).api
    gateway.allows(a_request())


def test_a_check_that_envoy_retries_is_charged_once() -> None:
    """A slow adapter does not eat a client's quota twice."""
    gateway = limited(limits((2, 60_000)))
    first = gateway.allows(a_request(check_id="17"))
    assert gateway.allows(a_request(check_id="17")) == first
    gateway.allows(a_request(check_id="18"))
    gateway.denies(a_request(check_id="19"), *EXCEEDED)


@pytest.mark.parametrize(
    ("configuration", "complaint"),
    [
        ({}, "rateLimits: is required"),
        ({"rateLimits": []}, "rateLimits"),
        (limits((0, 1_000)), "rateLimits.0.maximumRequests"),
        (limits((1, 0)), "rateLimits.0.timePeriodInMilliseconds"),
        (limits((1, 400 * 86_400_000)), "rateLimits.0.timePeriodInMilliseconds"),
        ({**limits((1, 1)), "keySelector": "#[payload]"}, "keySelector: unsupported name"),
        (limits(*[(1, 1)] * 17), "rateLimits"),
    ],
)
def test_a_bad_limit_closes_the_api_and_says_why(
    configuration: Mapping[str, Any], complaint: str
) -> None:
    """No API is left without the limit that its administrator configured."""
    (fault,) = limited(configuration).api.faults
    assert complaint in fault


def test_a_year_is_a_period() -> None:
    """Yearly quotas can be sold."""
    gateway = limited(limits((1, 365 * 86_400_000)))
    gateway.allows(a_request())
    gateway.clock.time_s += 364 * 86_400
    assert gateway.denies(a_request(), *EXCEEDED).deny.headers == (("retry-after", "86400"),)


def test_a_quota_that_nobody_could_count_is_refused() -> None:
    """Where the operator prefers a refusal to counting alone, it says why, and is no 429."""
    rule = compile_rate_limiting(limits((2, 60_000)) | {"exposeHeaders": True})
    charge = rule.evaluate(an_evaluation(a_request()))
    assert isinstance(charge, Charge)
    verdict = charge.settled(QuotaState(False, (), (), unknown="the store is down"))
    assert isinstance(verdict, Deny)
    assert (verdict.reason, verdict.status) == (DenyReason.QUOTA_UNKNOWN, 503)
    assert verdict.detail == "the store is down"
