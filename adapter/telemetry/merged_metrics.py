"""The metrics of several processes as one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, NamedTuple

from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from adapter.telemetry.metric_table import METRICS
from adapter.telemetry.prometheus import rendered

_TOGETHER: Final[Mapping[str, Callable[[list[float]], float]]] = {
    "sum": sum,
    "max": max,
    "min": min,
}


class ProcessMetrics(NamedTuple):
    """What one process answers."""

    pid: int | None
    """A new one says that the process has started again, with its counters at zero."""
    text: str
    """In Prometheus' text format."""


class MergedMetrics(Collector):
    """Adds the counters of all processes, and takes gauges together as the table says.

    A counter never falls: those of a process that has ended stay in the sum, as they were when it
    was last asked.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[int | None, tuple[Metric, ...]]] = {}
        """By the name of a process: its id, and its last metrics."""
        self._ended: tuple[Metric, ...] = ()
        self._answering: set[str] = set()

    def render(self, answers: Mapping[str, ProcessMetrics]) -> bytes:
        """The metrics in Prometheus' text format; `answers` are of those who answer now."""
        for name, (pid, text) in answers.items():
            before = self._last.get(name)
            if before is not None and before[0] != pid:
                self._ended = tuple(_merged((*self._ended, *_counters(before[1]))))
            self._last[name] = pid, tuple(text_string_to_metric_families(text))
        self._answering = set(answers)
        return rendered(self)

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`. Of a process that does not answer, only counters are shown."""
        shown = list(self._ended)
        for name, (_, metrics) in self._last.items():
            shown += metrics if name in self._answering else _counters(metrics)
        return _merged(shown)


def _counters(metrics: Iterable[Metric]) -> list[Metric]:
    return [metric for metric in metrics if metric.type != "gauge"]


def _merged(metrics: Iterable[Metric]) -> Iterator[Metric]:
    """One metric for each name."""
    families: dict[str, list[Metric]] = {}
    for metric in metrics:
        families.setdefault(metric.name, []).append(metric)
    for name, family in families.items():
        row = METRICS.get(name)
        together = _TOGETHER["sum" if row is None else row.together]
        merged = Metric(name, family[0].documentation, family[0].type)
        merged.samples = [
            Sample(sample, dict(labels), together(values))
            for (sample, labels), values in _values(family).items()
        ]
        yield merged


def _values(
    family: Iterable[Metric],
) -> dict[tuple[str, tuple[tuple[str, str], ...]], list[float]]:
    """The values by the name and the labels of their sample."""
    values: dict[tuple[str, tuple[tuple[str, str], ...]], list[float]] = {}
    for metric in family:
        for sample in metric.samples:
            key = sample.name, tuple(sample.labels.items())
            values.setdefault(key, []).append(sample.value)
    return values
