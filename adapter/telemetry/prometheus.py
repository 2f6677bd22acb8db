"""Metrics in Prometheus' text format."""

from collections.abc import Callable, Iterable, Mapping

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from adapter.authorization.decision_counts import DURATION_BOUNDS_S, DecisionCounts
from adapter.telemetry.metric_table import MetricRow


class MetricCollector(Collector):
    """A metric of the table. It shows nothing if reading it fails or gives no values."""

    def __init__(
        self, name: str, row: MetricRow, read: Callable[[], Mapping[tuple[str, ...], float]]
    ) -> None:
        self._name = name
        self._row = row
        self._read = read

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """See `Collector.collect`."""
        make = CounterMetricFamily if self._row.kind == "counter" else GaugeMetricFamily
        family = make(self._name, self._row.description, labels=self._row.labels)
        try:
            for values, number in self._read().items():
                family.add_metric(values, number)
        except Exception:
            structlog.get_logger().exception("metrics.reading_failed", metric=self._name)
        return [family] if family.samples else []


class DurationCollector(Collector):
    """The histogram of how long Checks took."""

    def __init__(self, counts: DecisionCounts) -> None:
        self._counts = counts

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """See `Collector.collect`."""
        counts, total_s = self._counts.durations
        bounds = [*map(str, DURATION_BOUNDS_S), "+Inf"]
        running, buckets = 0, []
        for bound, count in zip(bounds, counts, strict=True):
            running += count
            buckets.append((bound, float(running)))
        family = HistogramMetricFamily(
            "adapter_check_duration_seconds", "Time from a Check's bytes to its answer's"
        )
        family.add_metric([], buckets, total_s)
        return [family]


def rendered(collector: Collector) -> bytes:
    """The collector's samples in Prometheus' text format."""
    return generate_latest(collector)
