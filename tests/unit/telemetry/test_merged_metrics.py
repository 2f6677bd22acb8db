"""Metrics of several processes as one."""

from functools import partial

from adapter.authorization.decision_counts import DecisionCounts
from adapter.policy.catalog import ApiInstance
from adapter.policy.decision import Allowed
from adapter.telemetry.merged_metrics import MergedMetrics, ProcessMetrics
from adapter.telemetry.metrics import Metrics


async def text(allowed: int, **gauges: float) -> str:
    """What a worker answers."""
    metrics, counts = Metrics(), DecisionCounts()
    metrics.observe("adapter_decisions", lambda: {("7", "allowed"): allowed})
    metrics.observe_durations(counts)
    for _ in range(allowed):
        counts.decided(Allowed(ApiInstance("7", "orders"), 1), 0.00002)
    for name, value in gauges.items():
        metrics.observe(f"adapter_{name}", partial(dict, {(): value}))
    return (await metrics.render()).decode()


def lines(rendered: bytes) -> set[str]:
    """The samples."""
    return {line for line in rendered.decode().splitlines() if line[0] != "#"}


async def test_counters_and_histograms_are_added() -> None:
    """As if one process had counted all."""
    merged = MergedMetrics()
    found = merged.render(
        {"0": ProcessMetrics(1, await text(2)), "1": ProcessMetrics(2, await text(3))}
    )
    assert lines(found) >= {
        'adapter_decisions_total{api="7",outcome="allowed"} 5.0',
        'adapter_check_duration_seconds_bucket{le="1e-05"} 0.0',
        'adapter_check_duration_seconds_bucket{le="+Inf"} 5.0',
        "adapter_check_duration_seconds_count 5.0",
    }
    assert b"# TYPE adapter_decisions_total counter" in found
    assert b"# TYPE adapter_check_duration_seconds histogram" in found


async def test_gauges_are_taken_together_by_their_sense() -> None:
    """Windows are added, the oldest age counts, and the store is down if one says so."""
    one = await text(0, quota_windows=2, sync_age_seconds=4, quota_store_up=1)
    other = await text(0, quota_windows=3, sync_age_seconds=1, quota_store_up=0)
    found = MergedMetrics().render({"0": ProcessMetrics(1, one), "1": ProcessMetrics(2, other)})
    assert lines(found) >= {
        "adapter_quota_windows 5.0",
        "adapter_sync_age_seconds 4.0",
        "adapter_quota_store_up 0.0",
    }


async def test_a_counter_never_falls() -> None:
    """Neither while a worker is down, nor when it has started again."""
    merged = MergedMetrics()
    decisions = 'adapter_decisions_total{api="7",outcome="allowed"}'
    zero = ProcessMetrics(1, await text(4, quota_windows=1))
    one = ProcessMetrics(2, await text(3, quota_windows=1))
    merged.render({"0": zero, "1": one})
    down = lines(merged.render({"0": zero}))
    assert down >= {f"{decisions} 7.0", "adapter_quota_windows 1.0"}
    for pid, counted in ((3, 1), (4, 2)):
        again = ProcessMetrics(pid, await text(counted))
        found = lines(merged.render({"0": zero, "1": again}))
    assert f"{decisions} 10.0" in found
