"""rate-limiting: limits requests per period, for the whole API or for each value of a key."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field

from adapter.policy.catalog import RateLimit
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.quota import Charge
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.policies.shared.configuration import (
    Configuration,
    read_configuration,
)
from adapter.policy.policies.shared.limits import (
    MAX_LIMITS,
    MaximumRequests,
    PeriodMs,
    bounded_key,
    settlement,
    warnings_on_limits,
    windows_of,
)
from adapter.policy.policies.shared.request_expression import RequestExpression
from adapter.policy.rule import Rule

ONE_LIMIT: Final = (
    "keySelector is the same for all requests, so all clients share one limit; to count them "
    "separately, use an expression that reads the request"
)


class Limit(Configuration):
    """How many requests may come in a period."""

    maximum_requests: MaximumRequests
    """How many requests may come in one period."""
    time_period_in_milliseconds: PeriodMs
    """The length of the period, in milliseconds; at most 366 days."""


class RateLimiting(Configuration):
    """Limits requests per period, for the whole API or for each value of a key."""

    rate_limits: Annotated[
        list[Limit],
        Field(
            min_length=1,
            max_length=MAX_LIMITS,
            examples=[[{"maximumRequests": 100, "timePeriodInMilliseconds": 60_000}]],
        ),
    ]
    """The limits. A request must fit into all of them."""
    key_selector: Annotated[
        RequestExpression, Field(examples=["#[attributes.headers['x-tenant']]"])
    ] = ""
    """Count each value of this expression separately. Empty: count all requests together."""
    expose_headers: bool = False
    """Whether clients get `x-ratelimit-*` headers."""
    clusterizable: bool = True
    """Whether adapter processes with a shared store count together. `false`: each counts alone."""
    block_on_unknown_quota: bool = True
    """Accepted without effect: the operator's `quota.when_down` decides about a failed store."""


def compile_rate_limiting(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(RateLimiting, given)
    limits = tuple(
        RateLimit(limit.maximum_requests, limit.time_period_in_milliseconds)
        for limit in configuration.rate_limits
    )
    exposed = configuration.expose_headers
    settled = settlement(limits, exposed=exposed)
    selector = compile_expression(configuration.key_selector)
    key_of, local = selector.text, not configuration.clusterizable

    def evaluate(evaluation: Evaluation) -> Verdict:
        # All requests without a key share one window. Otherwise clients could avoid the limit by
        # leaving out a header.
        key = key_of(evaluation)
        text = "" if key is None or isinstance(key, Failed) else bounded_key(key)
        windows = windows_of((evaluation.api_id, evaluation.policy.counter, text), limits)
        return Charge(windows, settled, local, figures=exposed)

    return Rule(
        evaluate,
        selector.inspects_path,
        inspects_method=selector.inspects_method,
        warnings=warnings_on_limits(limits)
        + ((ONE_LIMIT,) if selector.literal is None and selector.is_constant else ()),
    )
