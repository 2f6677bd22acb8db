"""Logs and metrics: the only module that sets up structlog and knows Prometheus' client.

`INSTRUMENTS` is the table of every metric; docs/operations.md explains each to operators.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import structlog
from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

from adapter.authorization.decision_counts import DURATION_BOUNDS_S, DecisionTally


class Instrument(NamedTuple):
    """A metric: its kind, what it counts, and by which labels, all of bounded variety."""

    kind: Literal["counter", "gauge"]
    description: str
    labels: tuple[str, ...] = ()


INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType(
    {
        "adapter_decisions": Instrument(
            "counter", "Decisions by API and outcome (allowed or a deny reason)", ("api", "outcome")
        ),
        "adapter_call_errors": Instrument(
            "counter", "gRPC calls not answered with OK, by method and status", ("method", "code")
        ),
        "adapter_unbound_requests_left_out": Instrument(
            "counter", "Requests without an API beyond what the table of discovered services holds"
        ),
        "adapter_quota_windows": Instrument("gauge", "Quota windows held in memory"),
        "adapter_quota_refused": Instrument(
            "counter", "Charges refused because their policy's share of the windows is used up"
        ),
        "adapter_spike_waiting": Instrument("gauge", "Requests that wait for spike control"),
        "adapter_spike_refused": Instrument(
            "counter", "Requests that spike control could not let wait, since too many do already"
        ),
        "adapter_messages_dropped": Instrument(
            "counter", "Messages of message-logging policies that the log had no room for"
        ),
        "adapter_policies_ignored": Instrument(
            "gauge", "Applied policies that the operator ignores knowingly"
        ),
        "adapter_quota_multiplier": Instrument(
            "gauge", "How many times each limit can be used up, as processes count alone"
        ),
        "adapter_quota_store_up": Instrument("gauge", "Whether the shared quota store answers"),
        "adapter_quota_store_failures": Instrument(
            "counter", "Charges that the shared store failed to answer in time"
        ),
        "adapter_quota_charges_without_store": Instrument(
            "counter", "Charges settled as quota.when_down says"
        ),
        "adapter_transport_faults": Instrument(
            "counter", "What peers of the gRPC server did beyond a limit, by kind", ("kind",)
        ),
        "adapter_operator_faults": Instrument(
            "counter",
            "What clients of the operators' listeners did beyond a limit, by listener and kind",
            ("listener", "kind"),
        ),
        "adapter_sync_polls": Instrument(
            "counter", "Platform polls by kind and result", ("kind", "result")
        ),
        "adapter_sync_age_seconds": Instrument(
            "gauge", "Seconds since the platform was last reached; none before the first time"
        ),
        "adapter_apis_published": Instrument("counter", "API instances put into the snapshot"),
        "adapter_apis": Instrument("gauge", "API instances in the snapshot by state", ("state",)),
        "adapter_contracts": Instrument(
            "gauge", "Contracts in the snapshot by state (closed: cannot be honoured)", ("state",)
        ),
        "adapter_secret_forms_unknown": Instrument(
            "counter", "Contract secrets whose hash has no known form"
        ),
        "adapter_disk_copies": Instrument("counter", "Disk copies by result", ("result",)),
        "adapter_disk_copy_bytes": Instrument("counter", "Bytes written as disk copies"),
        "adapter_snapshot_revision": Instrument("gauge", "Revision of the current snapshot"),
        "adapter_events": Instrument(
            "counter", "Analytics events by what became of them", ("outcome",)
        ),
        "adapter_events_waiting": Instrument("gauge", "Analytics events not yet uploaded"),
        "adapter_upload_failures": Instrument("counter", "Failed uploads by kind", ("kind",)),
        "adapter_entries_unattributed": Instrument(
            "counter", "Access log entries that belong to no known API, by reason", ("reason",)
        ),
        "adapter_entries_broken": Instrument("counter", "Access log entries that do not parse"),
        "adapter_task_crashes": Instrument("counter", "Crashes of background tasks", ("task",)),
    }
)


def configure_logging(
    level: Literal["debug", "info", "warning", "error"],
    log_format: Literal["auto", "console", "json"],
) -> None:
    """Log to standard error: for people on a terminal, as JSON lines elsewhere."""
    for_people = log_format == "console" or (log_format == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if for_people else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if for_people else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


Reading = Callable[[], Mapping[tuple[str, ...], float]]
"""Tells a metric's values by their labels' values, in the order of the table."""


class Telemetry:
    """Every metric of this process, and their rendering for Prometheus."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[tuple[str, ...], float]] = {}
        self._metrics: list[Collector] = []

    def add(self, name: str, amount: int = 1, **labels: str) -> None:
        """Count on a counter of the table."""
        counts = self._counts.get(name)
        if counts is None:
            counts = self._counts[name] = {}
            self.observe(name, lambda: counts)
        values = tuple(labels[label] for label in INSTRUMENTS[name].labels)
        counts[values] = counts.get(values, 0) + amount

    def observe(self, name: str, read: Reading) -> None:
        """Have a metric of the table read whenever someone looks at it."""
        self._metrics.append(_Metric(name, read))

    def observe_durations(self, tally: DecisionTally) -> None:
        """Show the tally's durations as a histogram, read when someone looks."""
        self._metrics.append(_Durations(tally))

    async def render(self) -> bytes:
        """All metrics in Prometheus' text format.

        One after the other, since that of a thousand APIs takes milliseconds, and Checks wait.
        """
        rendered = []
        for metric in tuple(self._metrics):
            rendered.append(generate_latest(metric))
            await asyncio.sleep(0)
        return b"".join(rendered)


class _Metric(Collector):
    """One of the table, in Prometheus' terms; nothing where its reading fails, or is empty."""

    def __init__(self, name: str, read: Reading) -> None:
        self._name = name
        self._read = read

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        kind, description, labels = INSTRUMENTS[self._name]
        make = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
        family = make(self._name, description, labels=labels)
        try:
            for values, number in self._read().items():
                family.add_metric(values, number)
        except Exception:
            structlog.get_logger().exception("metrics.reading_failed", metric=self._name)
        return [family] if family.samples else []


class _Durations(Collector):
    """The tally's buckets, in Prometheus' terms."""

    def __init__(self, tally: DecisionTally) -> None:
        self._tally = tally

    def collect(self) -> Iterable[HistogramMetricFamily]:
        counts, total_s = self._tally.durations
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
