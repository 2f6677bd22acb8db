"""rate-limiting: limits requests per period, for the whole API or for each value of a key."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from adapter.policy.catalog import RateLimit
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.quota import Charge
from adapter.policy.evaluation import Evaluation
from adapter.policy.expression import Failed, compile_expression
from adapter.policy.policies.shared.configuration import (
    Configuration,
    ExpressionSource,
    read_configuration,
)
from adapter.policy.policies.shared.limits import (
    MAX_LIMITS,
    MaximumRequests,
    PeriodMs,
    bounded_key,
    settlement,
    windows_of,
)
from adapter.policy.rule import Rule


class LimitConfiguration(Configuration):
    """One limit."""

    maximum_requests: MaximumRequests
    time_period_in_milliseconds: PeriodMs


class RateLimiting(Configuration):
    """The limits; a request must fit into all of them."""

    rate_limits: Annotated[list[LimitConfiguration], Field(min_length=1, max_length=MAX_LIMITS)]
    key_selector: ExpressionSource = ""
    expose_headers: bool = False
    clusterizable: bool = True
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

    return Rule(evaluate, selector.inspects_path, inspects_method=selector.inspects_method)
