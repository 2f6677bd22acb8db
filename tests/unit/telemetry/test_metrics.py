"""Metrics, as operators read them."""

from adapter.authorization.decision_counts import DecisionCounts
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Allowed
from adapter.telemetry.metric_table import METRICS
from adapter.telemetry.metrics import Metrics


async def test_counters_and_readings_show_in_prometheus_format() -> None:
    """What is counted and what is read on demand appear with their labels."""
    metrics = Metrics()
    metrics.add("adapter_sync_polls", kind="policies", result="succeeded")
    metrics.observe("adapter_apis", lambda: {("open",): 3, ("closed",): 1})
    text = (await metrics.render()).decode()
    assert 'adapter_sync_polls_total{kind="policies",result="succeeded"} 1.0' in text
    assert 'adapter_apis{state="closed"} 1.0' in text


async def test_a_reading_that_fails_takes_no_other_along() -> None:
    """A bug in one place must not blind operators; and of what is not known nothing is shown."""
    metrics = Metrics()
    metrics.observe("adapter_apis", lambda: {(): [].pop()})
    metrics.observe("adapter_sync_age_seconds", dict)
    metrics.observe("adapter_events_waiting", lambda: {(): 2})
    shown = [line for line in (await metrics.render()).decode().splitlines() if line[0] != "#"]
    assert shown == ["adapter_events_waiting 2.0"]


async def test_durations_show_as_a_histogram() -> None:
    """Buckets are cumulative and end with +Inf, so that quantiles can be taken."""
    metrics, counts = Metrics(), DecisionCounts()
    metrics.observe_durations(counts)
    counts.decided(Allowed(ApiInstance("7", "orders"), 1), 0.00002)
    text = (await metrics.render()).decode()
    assert 'adapter_check_duration_seconds_bucket{le="1e-05"} 0.0' in text
    assert 'adapter_check_duration_seconds_bucket{le="+Inf"} 1.0' in text


def test_every_metric_says_what_it_means() -> None:
    """No metric without a description; counters do not carry the suffix that exporters add."""
    for name, row in METRICS.items():
        assert name.startswith("adapter_")
        assert row.description
        assert not name.endswith("_total")
