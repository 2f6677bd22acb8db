"""spike-control, as its page in docs/policies says; how it waits is in tests/unit/quota."""

from typing import Any

import pytest

from adapter.policy.effects.quota import Throttle
from adapter.policy.policies.spike_control import compile_spike_control
from adapter.policy.verdicts import DenyReason
from tests.builders import applied
from tests.unit.policy.gateway import Gateway, a_request, an_evaluation

EXCEEDED = (DenyReason.QUOTA_EXCEEDED, 429)


def smoothed(**configuration: Any) -> Gateway:
    """An API with spike control."""
    return Gateway(applied("spike-control", configuration))


def effect(**configuration: Any) -> Throttle:
    """What the policy asks for."""
    rule = compile_spike_control(configuration)
    throttle = rule.evaluate(an_evaluation(a_request(), policy_type="spike-control"))
    assert isinstance(throttle, Throttle)
    return throttle


def test_the_defaults_are_the_vendors() -> None:
    """One request a second, and nobody waits."""
    throttle = effect()
    assert throttle.held()[:4] == (
        (1, 1_000, "7", "spike-control/id-of-spike-control"),
        1.0,
        1,
        0,
    )


def test_delay_attempts_and_queue_are_passed_on() -> None:
    """Under the platform's names, in milliseconds there and seconds here."""
    throttle = effect(
        maximumRequests=5,
        timePeriodInMilliseconds=2_000,
        delayTimeInMillis=250,
        delayAttempts=3,
        queuingLimit=10,
    )
    assert throttle.window[:2] == (5, 2_000)
    assert throttle.held()[1:4] == (0.25, 3, 10)


def test_the_window_slides() -> None:
    """Not more than the limit in any stretch of a period, wherever it begins."""
    gateway = smoothed(maximumRequests=2, timePeriodInMilliseconds=1_000)
    gateway.allows(a_request())
    gateway.clock.time_s += 0.75
    gateway.allows(a_request())
    gateway.clock.time_s += 0.25
    gateway.allows(a_request())
    gateway.denies(a_request(), *EXCEEDED)
    gateway.clock.time_s += 0.75
    gateway.allows(a_request())
    gateway.denies(a_request(), *EXCEEDED)


def test_a_refused_request_hears_when_to_come_back() -> None:
    """In whole seconds, rounded up (RFC 9110, 10.2.3)."""
    gateway = smoothed(timePeriodInMilliseconds=5_000)
    gateway.allows(a_request())
    gateway.clock.time_s += 1.5
    denied = gateway.denies(a_request(), *EXCEEDED)
    assert denied.deny.headers == (("retry-after", "4"),)
    assert denied.response_headers == ()


def test_exposed_headers_have_no_reset_while_something_is_left() -> None:
    """As on the vendor's gateway."""
    gateway = smoothed(maximumRequests=2, timePeriodInMilliseconds=4_000, exposeHeaders=True)
    told = []
    for _ in range(2):
        told.append(dict(gateway.allows(a_request()).response_headers))
        gateway.clock.time_s += 1
    told.append(dict(gateway.denies(a_request(), *EXCEEDED).response_headers))
    seen = [
        (t["x-ratelimit-limit"], t["x-ratelimit-remaining"], t["x-ratelimit-reset"]) for t in told
    ]
    assert seen == [("2", "1", "0"), ("2", "0", "3000"), ("2", "0", "2000")]


def test_it_runs_beside_a_rate_limit() -> None:
    """Each counts for itself; a request that one refuses is not charged to a later one."""
    limit = {"rateLimits": [{"maximumRequests": 2, "timePeriodInMilliseconds": 60_000}]}
    gateway = Gateway(applied("spike-control", order=1), applied("rate-limiting", limit, order=2))
    gateway.allows(a_request())
    gateway.denies(a_request(), *EXCEEDED)
    gateway.clock.time_s += 1
    gateway.allows(a_request())
    gateway.clock.time_s += 1
    assert (
        getattr(gateway.denies(a_request(), *EXCEEDED).policy, "policy_type", "") == "rate-limiting"
    )


@pytest.mark.parametrize(
    ("key", "bad"),
    [
        ("maximumRequests", 0),
        ("timePeriodInMilliseconds", 0),
        ("delayTimeInMillis", 0),
        ("delayAttempts", -1),
        ("queuingLimit", -1),
        ("clusterizable", True),
    ],
)
def test_a_bad_configuration_closes_the_api_and_says_where(key: str, bad: object) -> None:
    """What cannot be enforced as meant is told at sync time."""
    (fault,) = smoothed(**({"queuingLimit": 1} | {key: bad})).api.faults
    assert f"{key}: " in fault


@pytest.mark.parametrize("limit", [{}, {"queuingLimit": 0}, {"queuingLimit": None}])
def test_how_long_nobody_waits_closes_nothing(limit: dict[str, object]) -> None:
    """Without a queue there is no delay, so that its length has no effect."""
    unused = {"delayTimeInMillis": 0, "delayAttempts": -1}
    Gateway(applied("spike-control", limit | unused)).allows(a_request())


@pytest.mark.parametrize("key", ["maximumRequests", "timePeriodInMilliseconds", "queuingLimit"])
@pytest.mark.parametrize("value", [True, 10**400])
def test_a_number_without_bounds_closes_the_api(key: str, value: object) -> None:
    """True is no number, and no period is longer than a year."""
    (fault,) = smoothed(**{key: value}).api.faults
    assert f"{key}: " in fault
