"""The metrics of this process: counters that are counted here, and values that are read."""

from collections.abc import Callable, Mapping

from prometheus_client.registry import Collector

from adapter.authorization.decision_counts import DecisionCounts
from adapter.runtime.fairness import in_slices
from adapter.telemetry.metric_table import METRICS
from adapter.telemetry.prometheus import DurationCollector, MetricCollector, rendered

Reading = Callable[[], Mapping[tuple[str, ...], float]]
"""Returns a metric's values by the values of its labels, in the order of the table."""


class Metrics:
    """Every metric of this process, and their rendering for Prometheus."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[tuple[str, ...], float]] = {}
        self._collectors: list[Collector] = []

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Add to a counter of the table."""
        counts = self._counts.get(name)
        if counts is None:
            counts = self._counts[name] = {}
            self.observe(name, lambda: counts)
        values = tuple(labels[label] for label in METRICS[name].labels)
        counts[values] = counts.get(values, 0) + amount

    def counted(self, name: str) -> Mapping[tuple[str, ...], float]:
        """What a counter of the table has counted, by the values of its labels."""
        return dict(self._counts.get(name, {}))

    def observe(self, name: str, read: Reading) -> None:
        """Show a metric of the table; `read` is called whenever the metrics are rendered."""
        self._collectors.append(MetricCollector(name, METRICS[name], read))

    def observe_durations(self, counts: DecisionCounts) -> None:
        """Show the durations of Checks as a histogram."""
        self._collectors.append(DurationCollector(counts))

    async def render(self) -> bytes:
        """All metrics in Prometheus' text format.

        Checks can run between two metrics, because one metric with a thousand APIs takes
        milliseconds.
        """
        parts = []
        async for (collector,) in in_slices(tuple(self._collectors), 1):
            parts.append(rendered(collector))
        return b"".join(parts)
