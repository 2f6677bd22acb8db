"""spike-control: limits requests in a sliding window; some requests beyond it may wait."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import Field

from adapter.policy.catalog import RateLimit
from adapter.policy.effects.effect import Verdict
from adapter.policy.effects.quota import Throttle
from adapter.policy.evaluation import Evaluation
from adapter.policy.policies.shared.configuration import (
    NUMBER,
    Configuration,
    read_configuration,
    without,
)
from adapter.policy.policies.shared.limits import (
    MaximumRequests,
    PeriodMs,
    settlement,
    warnings_on_limits,
)
from adapter.policy.rule import Rule

_HOUR_MS = 3_600_000


class SpikeControl(Configuration):
    """Limits requests in a sliding window. Some requests beyond the limit may wait."""

    only_if = MappingProxyType(
        dict.fromkeys(("delayTimeInMillis", "delayAttempts"), "queuingLimit is above 0")
    )

    maximum_requests: MaximumRequests = 1
    """How many requests may come in any period of this length."""
    time_period_in_milliseconds: PeriodMs = 1_000
    """The length of the period, in milliseconds."""
    delay_time_in_millis: Annotated[int, Field(ge=1, le=_HOUR_MS), NUMBER] = 1_000
    """How long a request waits before it tries again, in milliseconds."""
    delay_attempts: Annotated[int, Field(ge=0, le=1_000), NUMBER] = 1
    """How often a waiting request tries again."""
    queuing_limit: Annotated[int, Field(ge=0, le=2**53), NUMBER] = 0
    """How many requests may wait at once. 0: none waits."""
    expose_headers: bool = False
    """Whether clients get `x-ratelimit-*` headers."""

    @classmethod
    def used(cls, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Configuration.used`: without a queue, the settings for waiting have no effect."""
        if given.get("queuingLimit") in (None, 0, "0"):
            return without(given, "delayTimeInMillis", "delayAttempts")
        return given


def compile_spike_control(given: Mapping[str, Any]) -> Rule:
    """Compile the policy; raises PolicyError."""
    configuration = read_configuration(SpikeControl, given)
    limit = RateLimit(configuration.maximum_requests, configuration.time_period_in_milliseconds)
    settled = settlement((limit,), exposed=configuration.expose_headers)
    delay_s = configuration.delay_time_in_millis / 1000
    attempts, waiting_limit = configuration.delay_attempts, configuration.queuing_limit

    def evaluate(evaluation: Evaluation) -> Verdict:
        window = (*limit, evaluation.api_id, evaluation.policy.counter)
        return Throttle(window, delay_s, attempts, waiting_limit, settled)

    return Rule(evaluate, warnings=warnings_on_limits((limit,)))
