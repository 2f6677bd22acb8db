"""Metrics of the operators' listeners, which the parent of workers has, too."""

from collections.abc import Mapping, Sequence

from adapter.operations.listener import OperatorListener
from adapter.telemetry.metrics import Metrics


def observe_operators(metrics: Metrics, listeners: Sequence[OperatorListener]) -> None:
    """Metrics of faults of the clients of the operators' listeners."""

    def faults() -> Mapping[tuple[str, ...], float]:
        named = zip(("metrics", "inspection"), listeners, strict=False)
        return {
            (name, kind): count
            for name, listener in named
            for kind, count in listener.faults.items()
        }

    metrics.observe("adapter_operator_faults", faults)
